/** Why gpg does not use a key: GPGME says `Unusable secret key` for all reasons. */
import { spawnSync } from 'node:child_process';

export type GpgKeyState = 'expired' | 'revoked' | 'disabled';

/** Field 2 of a line of `gpg --with-colons` (GnuPG, doc/DETAILS). */
const STATES: ReadonlyMap<string, GpgKeyState> = new Map([
  ['e', 'expired'],
  ['r', 'revoked'],
  ['d', 'disabled'],
]);

/** Undefined if the key can be used, is not there, or gpg does not say. `home` is GNUPGHOME. */
export function gpgKeyState(key: string, home?: string): GpgKeyState | undefined {
  const words = ['--batch', '--with-colons', '--list-secret-keys', '--', key];
  const env = { ...process.env, ...(home === undefined ? {} : { GNUPGHOME: home }) };
  const { stdout } = spawnSync('gpg', words, { env, encoding: 'utf8' });
  const states = (stdout ?? '')
    .split('\n')
    .filter((line) => line.startsWith('sec:'))
    .map((line) => STATES.get(line.split(':')[1] ?? ''));
  return states.every((state) => state !== undefined) ? states[0] : undefined;
}
