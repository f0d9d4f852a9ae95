/**
 * Index of an uncompressed tar archive: offset and size of its files, from one pass over the headers.
 * Supports the tar dialects OCI tools produce: ustar, GNU long names and base-256 sizes, PAX `path` and
 * `size`.
 */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { type DecodedHeader, decodeHeader, decodePax, paxText, textAt } from '../../tar/decode-header.ts';
import { BLOCK_BYTES } from '../../tar/header.ts';

export type ArchiveMember = {
  /** Start of the data in the archive. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
};

/** Regular files by normalized path; a later one replaces an earlier one, as on extraction. */
export type ArchiveIndex = ReadonlyMap<string, ArchiveMember>;

/** What is needed of an open file; a FileHandle is one. */
export type ArchiveFile = {
  read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>;
  close(): Promise<void>;
};

const MAX_EXTENSION = 1024 * 1024;

/** Scans the archive. `name` names it in ERR_IMAGE_UNSUPPORTED, thrown if it is not an uncompressed tar. */
export async function indexArchive(file: ArchiveFile, name: string): Promise<ArchiveIndex> {
  const scan = new ArchiveScan(file, name);
  while (await scan.next());
  return scan.members;
}

class ArchiveScan {
  readonly members = new Map<string, ArchiveMember>();
  readonly #file: ArchiveFile;
  readonly #name: string;
  #position = 0;
  /** From an extension header; applies to the next entry. */
  #path: string | undefined;
  #size: number | undefined;

  constructor(file: ArchiveFile, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Reads one entry; false at the end. */
  async next(): Promise<boolean> {
    const block = await this.#read(BLOCK_BYTES);
    if (block.length === 0 && this.#position > 0) return false;
    if (block.length < BLOCK_BYTES) throw this.#fault();
    const header = this.#decoded(() => decodeHeader(block));
    if (header === undefined) return false;
    this.#position += BLOCK_BYTES;
    const { flag, size } = header;
    if (flag === 'L' || flag === 'x') await this.#extension(flag, size);
    else this.#entry(header);
    return true;
  }

  #decoded<Value>(decode: () => Value): Value {
    try {
      return decode();
    } catch (error) {
      throw isTreeportError(error, 'ERR_TAR') ? this.#fault() : error;
    }
  }

  #entry(header: DecodedHeader): void {
    const size = this.#size ?? header.size;
    if (!Number.isSafeInteger(size) || size < 0) throw this.#fault();
    if (header.flag === '0') {
      const path = normalize(this.#path ?? header.path);
      this.members.set(path, { offset: this.#position, size });
    }
    this.#position += padded(size);
    this.#path = undefined;
    this.#size = undefined;
  }

  async #extension(type: 'L' | 'x', size: number): Promise<void> {
    if (!(size >= 0 && size <= MAX_EXTENSION)) throw this.#fault();
    const data = await this.#read(size);
    if (data.length < size) throw this.#fault();
    this.#position += padded(size);
    if (type === 'L') {
      this.#path = textAt(data, 0, data.length);
      return;
    }
    const records = this.#decoded(() => decodePax(data));
    const length = paxText(records, 'size');
    this.#path = paxText(records, 'path') ?? this.#path;
    if (length !== undefined) this.#size = Number(length);
  }

  async #read(length: number): Promise<Buffer> {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, this.#position);
    return buffer.subarray(0, bytesRead);
  }

  #fault(): TreeportError {
    return new TreeportError(
      'ERR_IMAGE_UNSUPPORTED',
      `${this.#name} is not an uncompressed tar archive (byte ${this.#position}); decompress it first if it is compressed`,
    );
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

function normalize(path: string): string {
  return path.replace(/^(\.?\/)+/, '');
}
