/**
 * A user name and password for one registry. skopeo gets them as an authentication file on its standard
 * input, because other users could read them on its command line.
 *
 * Source: containers-auth.json(5).
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { registryHost } from '../model/registry-name.ts';

export type Credentials = { readonly username: string; readonly password: string };

const MAX_BYTES = 64 * 1024;

/**
 * Reads the line `USER:PASSWORD` from a file, a pipe (as of a shell's `<(…)`) or, if `path` is `-`, standard
 * input; ERR_CREDENTIALS.
 */
export function readCredentialsFile(path: string): Credentials {
  const bytes = isStream(path) ? readStream(path) : readRegularFile(path, MAX_BYTES);
  if (bytes === undefined) throw new TreeportError('ERR_CREDENTIALS', `${path} does not exist`);
  const match = /^([^:\r\n]+):([^\r\n]+)\r?\n?$/.exec(bytes.toString());
  if (match !== null) return { username: match[1] as string, password: match[2] as string };
  throw new TreeportError('ERR_CREDENTIALS', `${path} is not one line of the form USER:PASSWORD`);
}

function isStream(path: string): boolean {
  if (path === '-') return true;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isFIFO() || stats.isCharacterDevice());
}

/** At most MAX_BYTES of what can be read only once. */
function readStream(path: string): Buffer {
  const buffer = Buffer.alloc(MAX_BYTES);
  const fd = path === '-' ? 0 : openSync(path, 'r');
  try {
    let length = 0;
    while (length < MAX_BYTES) {
      const count = readSync(fd, buffer, length, MAX_BYTES - length, null);
      if (count === 0) break;
      length += count;
    }
    return buffer.subarray(0, length);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}

/** An authentication file that has these credentials for the registry of image `name`, and no others. */
export function authenticationFile(name: string, { username, password }: Credentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [registryHost(name)]: { auth } } });
}
