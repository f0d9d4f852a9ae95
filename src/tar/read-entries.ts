/**
 * Reads the entries of a tar stream one after the other, streaming. Long names of GNU (`L`, `K`) and PAX
 * records (`x`, `g`) apply to the next entry; a long name takes precedence over a PAX one. Zeros end the
 * archive, and nothing else may follow; a stream that ends between two entries is an error too. Errors say at
 * which byte their entry begins.
 */
import { isTreeportError } from '../base/errors.ts';
import type { Xattr } from '../ostree/xattrs.ts';
import { BlockInput, cutOff } from './block-input.ts';
import {
  type DecodedHeader,
  decodeHeader,
  decodePax,
  malformed,
  type PaxNumber,
  type PaxRecords,
  paxNumber,
  paxText,
  textAt,
  xattrsInPax,
} from './decode-header.ts';
import { BLOCK_BYTES } from './header.ts';
import { placedFault } from './placed-fault.ts';

export type ReadEntryType =
  | 'file'
  | 'link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo'
  | 'contiguous-file';

export type ReadEntry = {
  /** Byte of the stream at which its header begins, behind its long names and PAX records. */
  readonly header: number;
  readonly path: string;
  /** Null for an unknown type. */
  readonly type: ReadEntryType | null;
  readonly mode: number;
  /** NaN if the header is invalid. */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data. */
  readonly size: number;
  /** Seconds since 1970, with a fraction if PAX gives one; NaN if invalid. */
  readonly mtime: number;
  /** Target of a link; empty for others. */
  readonly target: string;
  /** The PAX records that apply to the entry, global ones included, as they stand. */
  readonly pax: PaxRecords;
  /** Extended attributes, in the order of their records (`SCHILY.xattr.NAME`). */
  readonly xattrs: readonly Xattr[];
  /** The data, can be read once. Unread data is skipped when the next entry is requested. */
  readonly data: AsyncIterable<Buffer>;
};

/** Indexed by the digit that is their flag. */
const TYPES: readonly ReadEntryType[] = [
  'file',
  'link',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
  'contiguous-file',
];
const MAX_EXTENSION_BYTES = 4 * 1024 * 1024;

/**
 * Yields the entries of an uncompressed tar stream, and closes the stream when the consumer stops. Throws
 * ERR_TAR; errors of the stream itself pass through.
 */
export async function* readEntries(tar: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const input = new BlockInput(tar);
  const extensions = new Extensions();
  const at = { header: 0 };
  try {
    for (;;) {
      at.header = input.position;
      const header = decodeHeader(input.takeNow(BLOCK_BYTES) ?? (await input.take(BLOCK_BYTES)));
      if (header === undefined) break;
      if (isExtension(header.flag)) {
        extensions.add(header.flag, await extensionData(input, header.size));
        continue;
      }
      const entry = extensions.applyTo(header);
      if (!Number.isSafeInteger(entry.size) || entry.size < 0)
        throw malformed('the size of an entry is not a number');
      const data = new EntryData(input, entry.size, at.header);
      yield { ...entry, header: at.header, data };
      const rest = data.remaining + paddingOf(entry.size);
      if (!input.skipNow(rest)) await input.skip(rest);
    }
    await checkZeros(input);
  } catch (error) {
    throw isTreeportError(error, 'ERR_TAR') ? placedFault(error, at.header) : error;
  } finally {
    await input.close();
  }
}

type ExtensionFlag = 'L' | 'K' | 'x' | 'g';

function isExtension(flag: string): flag is ExtensionFlag {
  return flag === 'L' || flag === 'K' || flag === 'x' || flag === 'g';
}

async function extensionData(input: BlockInput, size: number): Promise<Buffer> {
  if (!(size <= MAX_EXTENSION_BYTES)) throw malformed('a long name or PAX record is too long');
  const length = size + paddingOf(size);
  return (input.takeNow(length) ?? (await input.take(length))).subarray(0, size);
}

function paddingOf(size: number): number {
  return -size & (BLOCK_BYTES - 1);
}

const NO_RECORDS: PaxRecords = new Map();

/** Long names and PAX records that apply to the next entry. */
class Extensions {
  #path: string | undefined;
  #target: string | undefined;
  #records = NO_RECORDS;
  #global = NO_RECORDS;

  add(flag: ExtensionFlag, data: Buffer): void {
    if (flag === 'L') this.#path = textAt(data, 0, data.length);
    else if (flag === 'K') this.#target = textAt(data, 0, data.length);
    else if (flag === 'x') this.#records = decodePax(data);
    else this.#global = decodePax(data);
  }

  applyTo(header: DecodedHeader): Omit<ReadEntry, 'header' | 'data'> {
    const records = this.#records.size === 0 ? this.#global : new Map([...this.#global, ...this.#records]);
    const path = this.#path ?? paxText(records, 'path') ?? header.path;
    const target = this.#target ?? paxText(records, 'linkpath') ?? header.target;
    this.#path = undefined;
    this.#target = undefined;
    this.#records = NO_RECORDS;
    const type = typeOf(header.flag, path);
    const number = (key: PaxNumber, otherwise: number) => paxNumber(records, key) ?? otherwise;
    return {
      path,
      type,
      mode: header.mode,
      uid: number('uid', header.uid),
      gid: number('gid', header.gid),
      // Directories have no data, whatever their size field says.
      size: type === 'directory' ? 0 : number('size', header.size),
      mtime: number('mtime', header.mtime),
      target,
      pax: records,
      xattrs: xattrsInPax(records),
    };
  }
}

function typeOf(flag: string, path: string): ReadEntryType | null {
  // The old format marks directories with a trailing slash.
  if (flag === '0' && path.endsWith('/')) return 'directory';
  return TYPES[flag.charCodeAt(0) - 0x30] ?? null;
}

/** The data of an entry. Iteration can stop and resume. */
class EntryData implements AsyncIterableIterator<Buffer> {
  readonly #input: BlockInput;
  readonly #header: number;
  remaining: number;

  constructor(input: BlockInput, size: number, header: number) {
    this.#input = input;
    this.#header = header;
    this.remaining = size;
  }

  async next(): Promise<IteratorResult<Buffer>> {
    if (this.remaining === 0) return { done: true, value: undefined };
    const value = this.#input.someNow(this.remaining) ?? (await this.#input.some(this.remaining));
    if (value === undefined) throw placedFault(cutOff(), this.#header);
    this.remaining -= value.length;
    return { done: false, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function checkZeros(input: BlockInput): Promise<void> {
  const zeros = Buffer.alloc(64 * 1024);
  for (;;) {
    const piece = await input.some(zeros.length);
    if (piece === undefined) return;
    if (!piece.equals(zeros.subarray(0, piece.length))) throw malformed('something follows its end');
  }
}
