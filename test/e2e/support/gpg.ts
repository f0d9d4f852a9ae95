/** A throw-away OpenPGP key in a home of its own. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './run.ts';

export type GpgKey = {
  readonly home: string;
  /** Fingerprint. */
  readonly id: string;
  /** File with the public key. */
  readonly publicKey: string;
};

/** Makes a key without a passphrase below `folder`; nothing keeps running afterwards. */
export async function makeGpgKey(folder: string): Promise<GpgKey> {
  const home = join(folder, 'gpg');
  await mkdir(home);
  await chmod(home, 0o700);
  const env = { GNUPGHOME: home };
  const name = 'treeport test <test@example.com>';
  await must(
    ['gpg', '--batch', '--quiet', '--passphrase', '', '--quick-gen-key', name, 'rsa2048', 'sign', 'never'],
    { env },
  );
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
