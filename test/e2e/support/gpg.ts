/** A throw-away OpenPGP key in a home of its own. */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './run.ts';

export type GpgKey = {
  readonly home: string;
  /** Fingerprint. */
  readonly id: string;
  /** File with the public key. */
  readonly publicKey: string;
};

export type GpgKeyOptions = {
  /** What gpg takes for now, `20200102T030405`. */
  readonly time?: string;
  /** `1d`, `1y`; never unless given. */
  readonly expires?: string;
};

/** Makes a key without a passphrase below `folder`; nothing keeps running afterwards. */
export async function makeGpgKey(folder: string, options: GpgKeyOptions = {}): Promise<GpgKey> {
  const home = join(folder, 'gpg');
  await mkdir(home);
  await chmod(home, 0o700);
  const env = { GNUPGHOME: home };
  const name = 'treeport test <test@example.com>';
  const kind = ['rsa2048', 'sign', options.expires ?? 'never'];
  const words = ['--batch', '--quiet', '--passphrase', '', '--quick-gen-key', name, ...kind];
  await must(['gpg', ...atTime(options.time), ...words], { env });
  const listing = await must(['gpg', '--batch', '--with-colons', '--list-secret-keys'], { env });
  const id = /^fpr:+([0-9A-F]+):/m.exec(listing)?.[1];
  if (id === undefined) throw new Error(`no fingerprint in ${listing}`);
  const publicKey = join(folder, 'public.gpg');
  await must(['gpg', '--batch', '--output', publicKey, '--export', id], { env });
  await stopAgent(home);
  return { home, id, publicKey };
}

/** gpg leaves an agent behind for its home. */
export async function stopAgent(home: string): Promise<void> {
  await must(['gpgconf', '--kill', 'all'], { env: { GNUPGHOME: home } });
}

/** A detached signature, as it may have been made at another time; `words` are further ones for gpg. */
export async function gpgSign(
  { home, id }: GpgKey,
  data: Uint8Array,
  time?: string,
  words: readonly string[] = [],
): Promise<Buffer> {
  const file = join(home, 'signature');
  const sign = ['--batch', '--yes', '--local-user', id, ...words, '--output', file, '--detach-sign'];
  await must(['gpg', ...atTime(time), ...sign], { env: { GNUPGHOME: home }, input: data });
  await stopAgent(home);
  return readFile(file);
}

/** Revokes the key, and writes its public key anew. */
export async function revokeGpgKey({ home, id, publicKey }: GpgKey): Promise<void> {
  const env = { GNUPGHOME: home };
  const certificate = await readFile(join(home, 'openpgp-revocs.d', `${id}.rev`), 'utf8');
  // gpg puts a colon in front so that nobody imports it by mistake.
  await must(['gpg', '--batch', '--import'], { env, input: certificate.replace(/^:(?=-----)/m, '') });
  await must(['gpg', '--batch', '--yes', '--output', publicKey, '--export', id], { env });
  await stopAgent(home);
}

function atTime(time: string | undefined): readonly string[] {
  return time === undefined ? [] : ['--faked-system-time', `${time}!`];
}
