/**
 * The public keys that a remote trusts for an engine: those of its options `verification-<engine>-key` and
 * `verification-<engine>-file`; if it has neither, those of the machine: `trusted.<engine>` and all files in
 * `trusted.<engine>.d` of /etc/ostree and /usr/share/ostree. Keys in `revoked.<engine>` and
 * `revoked.<engine>.d` there are never trusted, wherever else they are listed (libostree checks them only
 * together with the machine's keys).
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { MAX_KEYFILE_BYTES } from '../limits.ts';
import { type Remote, remoteString } from '../remotes.ts';
import type { PublicKey, SignEngine } from './engine.ts';

export type TrustedKeys = {
  readonly trusted: readonly PublicKey[];
  readonly revoked: readonly PublicKey[];
};

export const KEY_DIRECTORIES: readonly string[] = ['/etc/ostree', '/usr/share/ostree'];

/**
 * `own` requires keys of the remote itself, as for engines named in `sign-verify`. ERR_NO_KEYS if they are
 * required and absent, or configured and unusable; otherwise the result may be empty.
 */
export async function loadTrustedKeys(
  engine: SignEngine,
  remote: Remote,
  own: boolean,
  directories: readonly string[] = KEY_DIRECTORIES,
): Promise<TrustedKeys> {
  const revoked = await machineKeys(engine, 'revoked', directories);
  const candidates = await remoteKeys(engine, remote);
  if (own && candidates.length === 0) {
    const options = `verification-${engine.name}-key or verification-${engine.name}-file`;
    throw noKeys(remote, `no ${engine.name} key to verify with; set ${options} in its configuration`);
  }
  const keys = candidates.length > 0 ? candidates : await machineKeys(engine, 'trusted', directories);
  const isRevoked = ({ id }: PublicKey) => revoked.some((other) => other.id === id);
  return { trusted: keys.filter((key) => !isRevoked(key)), revoked };
}

export function noKeys({ name, repo }: Remote, what: string): TreeportError {
  return new TreeportError('ERR_NO_KEYS', `remote "${name}" of repository ${repo} has ${what}`);
}

async function remoteKeys(engine: SignEngine, remote: Remote): Promise<readonly PublicKey[]> {
  const option = `verification-${engine.name}`;
  const parse = (text: string, where: string): readonly PublicKey[] => {
    const keys = engine.parsePublicKeys(text);
    if (keys.length > 0) return keys;
    throw noKeys(remote, `no ${engine.name} key (${engine.keyForm}) in ${where}`);
  };
  const file = remoteString(remote, `${option}-file`);
  const inline = remoteString(remote, `${option}-key`);
  return [
    ...(file === undefined ? [] : parse(readKeyFile(remote, `${option}-file`, file), file)),
    ...(inline === undefined ? [] : parse(inline, `its option ${option}-key`)),
  ];
}

function readKeyFile(remote: Remote, option: string, path: string): string {
  const cannot = (why: string) => noKeys(remote, `an option ${option} whose file cannot be read: ${why}`);
  let bytes: Buffer | undefined;
  try {
    bytes = readRegularFile(path, MAX_KEYFILE_BYTES);
  } catch (error) {
    throw cannot(messageOf(error));
  }
  if (bytes === undefined) throw cannot(`there is no file ${path}`);
  return bytes.toString('utf8');
}

async function machineKeys(
  engine: SignEngine,
  kind: 'trusted' | 'revoked',
  directories: readonly string[],
): Promise<readonly PublicKey[]> {
  const texts = await Promise.all(
    directories.map(async (directory) => {
      const file = join(directory, `${kind}.${engine.name}`);
      const more = `${file}.d`;
      const entries = await ifThere(more, () => readdir(more, { withFileTypes: true }));
      const names = (entries ?? []).filter((entry) => !entry.isDirectory()).map(({ name }) => name);
      const paths = [file, ...names.toSorted().map((name) => join(more, name))];
      return Promise.all(
        paths.map((path) => ifThere(path, () => readRegularFile(path, MAX_KEYFILE_BYTES)?.toString('utf8'))),
      );
    }),
  );
  return texts.flat().flatMap((text) => (text === undefined ? [] : engine.parsePublicKeys(text)));
}

/** Fails on unreadable files, because an unreadable list of revoked keys must not count as empty. */
async function ifThere<T>(path: string, read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw new TreeportError('ERR_NO_KEYS', `the keys in ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
