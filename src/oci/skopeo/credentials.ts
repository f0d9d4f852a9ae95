/**
 * A user name and password for one registry. skopeo gets them as an authentication file on its standard
 * input, because other users could read them on its command line.
 *
 * Source: containers-auth.json(5).
 */

import { TreeportError } from '../../base/errors.ts';
import { readRegularFile } from '../../base/open-beneath.ts';
import { registryHost } from '../model/registry-name.ts';

export type Credentials = { readonly username: string; readonly password: string };

const MAX_BYTES = 64 * 1024;

/** Reads a file with the line `USER:PASSWORD`; ERR_CREDENTIALS. */
export function readCredentialsFile(path: string): Credentials {
  const bytes = readRegularFile(path, MAX_BYTES);
  if (bytes === undefined) throw new TreeportError('ERR_CREDENTIALS', `${path} does not exist`);
  const match = /^([^:\r\n]+):([^\r\n]+)\r?\n?$/.exec(bytes.toString());
  if (match !== null) return { username: match[1] as string, password: match[2] as string };
  throw new TreeportError('ERR_CREDENTIALS', `${path} is not one line of the form USER:PASSWORD`);
}

/** An authentication file that has these credentials for the registry of image `name`, and no others. */
export function authenticationFile(name: string, { username, password }: Credentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return JSON.stringify({ auths: { [registryHost(name)]: { auth } } });
}
