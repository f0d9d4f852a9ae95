/**
 * Part files: a byte that names the compression (0 none, `x` xz), then the payload.
 *
 * Stricter than libostree, which reads no further than the end of the xz stream and hashes inline parts not
 * at all: size and checksum must be those of the header, and nothing may follow the stream.
 */
import { freeNow } from '../../base/bytes.ts';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { checksumOf } from '../../ostree/checksum.ts';
import { decodeXz } from '../xz/decode.ts';
import { deltaFault, partFault } from './delta-fault.ts';
import { type PartPayload, parsePayload } from './part-payload.ts';
import type { PartHeader } from './superblock.ts';

export type PartOptions = {
  /** Names the part in errors. */
  readonly what: string;
  /** Bytes that liblzma may use; the limit of ostree clients since 2026.3 unless given. */
  readonly memoryLimit?: number;
  /** Size of the payload if the caller knows it; saves memory. */
  readonly expectedBytes?: number;
};

export const STORED = 0x00;
export const XZ = 'x'.charCodeAt(0);

const CLIENT_MEMORY_LIMIT = 100 * 1024 * 1024;
const TABLE_BYTES_PER_OBJECT = 64 * 1024;
const LEAST_LIMIT = 1024 * 1024;
/** So much memory is taken on the word of a header. */
const MOST_EXPECTED = 64 * 1024 * 1024;

/**
 * The payload of a part file, which must be the one of the header. ERR_DELTA_VERSION, ERR_DELTA_PART,
 * ERR_DELTA_CORRUPT; ERR_XZ, ERR_LIBLZMA_MISSING.
 */
export function readPartFile(header: PartHeader, file: Buffer, options: PartOptions): PartPayload {
  const { what } = options;
  checkPartFile(header, file, what);
  const payload = decompress(header, file, options);
  try {
    return parsePayload(payload);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw deltaFault(`the payload of ${what} is not in normal form: ${error.message}`, error);
  }
}

/** Frees the memory of a payload that was decompressed; that of others is the file's. */
export function freePayload({ blob }: PartPayload, file: Uint8Array): void {
  if (blob.buffer !== file.buffer) freeNow(blob);
}

function checkPartFile({ version, size, checksum }: PartHeader, file: Buffer, what: string): void {
  if (version !== 0) throw new TreeportError('ERR_DELTA_VERSION', `${what} has version ${version}`);
  if (file.length !== size) throw partFault(`${what} has ${file.length} bytes, its header says ${size}`);
  const actual = checksumOf(file);
  if (actual !== checksum) throw partFault(`${what} has checksum ${actual}, its header says ${checksum}`);
}

function decompress(
  header: PartHeader,
  file: Buffer,
  { what, memoryLimit, expectedBytes }: PartOptions,
): Uint8Array {
  if (file[0] === STORED) return file.subarray(1);
  if (file[0] !== XZ)
    throw deltaFault(
      file.length === 0 ? `${what} is empty` : `${what} has the unknown compression type ${file[0]}`,
    );
  const limits = {
    memoryLimit: memoryLimit ?? CLIENT_MEMORY_LIMIT,
    maxBytes: largestPayload(header),
    expectedBytes: expectedBytes ?? likelyPayload(header),
  };
  const { bytes, consumed } = decodeXz(what, file.subarray(1), limits);
  const trailing = file.length - 1 - consumed;
  if (trailing > 0) throw deltaFault(`${trailing} bytes follow the xz stream of ${what}`);
  return bytes;
}

/**
 * A payload is the content of objects, tables, and for patches 24 bytes more for each stretch that differs.
 * The decoder grows with the bytes that it really gives, so this only stops a stream that goes on and on.
 */
function largestPayload({ usize, objects }: PartHeader): number {
  return 4 * usize + TABLE_BYTES_PER_OBJECT * objects.length + LEAST_LIMIT;
}

/** A little more than the objects, for tables and patches. If it is too little, the decoder grows. */
function likelyPayload({ usize }: PartHeader): number {
  return Math.min(usize + Math.floor(usize / 16) + TABLE_BYTES_PER_OBJECT, MOST_EXPECTED);
}
