/**
 * Object ids: SHA-256 sums, as 64 lower-case hexadecimal digits in text and 32 bytes in variants.
 */
import { type Hash, hash } from 'node:crypto';
import { toHex } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { objectFault } from './object-fault.ts';

declare const brand: unique symbol;

/**
 * 64 lower-case hexadecimal digits. Only this module makes values of this type, so strings from users, files
 * and the network are parsed first.
 */
export type Checksum = string & { readonly [brand]: 'checksum' };

export const CHECKSUM_BYTES = 32;

/** True if `text` is 64 lower-case hexadecimal digits. */
export function isChecksum(text: string): text is Checksum {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Throws ERR_CHECKSUM_SYNTAX unless `text` is a checksum. */
export function parseChecksum(text: string): Checksum {
  if (isChecksum(text)) return text;
  throw new TreeportError(
    'ERR_CHECKSUM_SYNTAX',
    `"${text}" is not a checksum (64 lower-case hexadecimal digits)`,
  );
}

/** For digits that the caller has matched already, on hot paths; checks nothing. */
export function assumeChecksum(digits: string): Checksum {
  return digits as Checksum;
}

/** The SHA-256 of `bytes`. */
export function checksumOf(bytes: Uint8Array): Checksum {
  return assumeChecksum(hash('sha256', bytes));
}

/** The result of a SHA-256 that was fed piece by piece; ends it. */
export function finishChecksum(sha256: Hash): Checksum {
  return assumeChecksum(sha256.digest('hex'));
}

/** Reads the 32 bytes that a variant stores; `where` names the object in the error. */
export function checksumFromBytes(bytes: Uint8Array, where: string): Checksum {
  if (bytes.length === CHECKSUM_BYTES) return assumeChecksum(toHex(bytes));
  throw objectFault(where, `has a checksum of ${bytes.length} bytes instead of ${CHECKSUM_BYTES}`);
}

export function checksumToBytes(checksum: Checksum): Buffer {
  return Buffer.from(checksum, 'hex');
}

/**
 * The "modified base64" of delta paths: standard alphabet with `/` as `_`, `+` kept, no padding;
 * 43 characters.
 */
export function checksumToDeltaName(checksum: Checksum): string {
  return checksumToBytes(checksum).toString('base64').replaceAll('/', '_').replace('=', '');
}

/** The counterpart of {@link checksumToDeltaName}; undefined if `name` is not such a name. */
export function checksumFromDeltaName(name: string): Checksum | undefined {
  if (!/^[A-Za-z0-9+_]{43}$/.test(name)) return undefined;
  const checksum = assumeChecksum(toHex(Buffer.from(name.replaceAll('_', '/'), 'base64')));
  return checksumToDeltaName(checksum) === name ? checksum : undefined;
}
