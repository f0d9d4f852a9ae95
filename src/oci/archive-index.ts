/**
 * Where the files of an uncompressed tar archive lie, found by reading its headers once. Understands what OCI
 * archives are made with: ustar, GNU long names and base-256 sizes, PAX `path` and `size`.
 */
import type { FileHandle } from 'node:fs/promises';
import { TreeportError } from '../base/errors.ts';

export type ArchiveMember = {
  /** Where the data begins. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
};

/** Regular files by normalized path; a later one replaces an earlier one, as on extraction. */
export type ArchiveIndex = ReadonlyMap<string, ArchiveMember>;

const BLOCK = 512;
const MAX_EXTENSION = 1024 * 1024;

/** Scans the archive. `name` is for errors: ERR_IMAGE_UNSUPPORTED if this is not an uncompressed tar. */
export async function indexArchive(file: FileHandle, name: string): Promise<ArchiveIndex> {
  const scan = new ArchiveScan(file, name);
  while (await scan.next());
  return scan.members;
}

class ArchiveScan {
  readonly members = new Map<string, ArchiveMember>();
  readonly #file: FileHandle;
  readonly #name: string;
  #position = 0;
  /** From an extension header, for the entry that follows. */
  #path: string | undefined;
  #size: number | undefined;

  constructor(file: FileHandle, name: string) {
    this.#file = file;
    this.#name = name;
  }

  /** Reads one entry; false at the end. */
  async next(): Promise<boolean> {
    const header = await this.#read(BLOCK);
    if (header.length === 0 && this.#position > 0) return false;
    if (header.length === BLOCK && header.every((byte) => byte === 0)) return false;
    if (header.length < BLOCK || !checksumMatches(header)) throw this.#fault();
    this.#position += BLOCK;
    const type = header.toString('latin1', 156, 157);
    if (type === 'L' || type === 'x') await this.#extension(type, numberField(header, 124, 12));
    else this.#entry(header, type);
    return true;
  }

  #entry(header: Buffer, type: string): void {
    const size = this.#size ?? numberField(header, 124, 12);
    if (!Number.isSafeInteger(size) || size < 0) throw this.#fault();
    if (type === '0' || type === '\0') {
      const path = normalize(this.#path ?? headerPath(header));
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
      this.#path = text(data);
      return;
    }
    for (const [key, value] of paxRecords(data)) {
      if (key === 'path') this.#path = value;
      if (key === 'size') this.#size = Number(value);
    }
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
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Octal, or base-256 where the first bit is set. */
function numberField(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(at + length - 8));
  return Number.parseInt(text(header.subarray(at, at + length)).trim() || '0', 8);
}

/** The sum of all bytes, the checksum field itself counted as spaces. */
function checksumMatches(header: Buffer): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  return numberField(header, 148, 8) === sum;
}

function headerPath(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? text(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** `LENGTH KEY=VALUE\n`, LENGTH counting the whole record. */
function* paxRecords(data: Buffer): Generator<readonly [string, string]> {
  for (let rest = data; rest.length > 0; ) {
    const length = Number.parseInt(rest.toString('latin1', 0, 20), 10);
    if (!(length > 0 && length <= rest.length)) return;
    const record = rest.toString('utf8', 0, length - 1);
    const start = record.indexOf(' ') + 1;
    const equals = record.indexOf('=');
    yield [record.slice(start, equals), record.slice(equals + 1)];
    rest = rest.subarray(length);
  }
}

function normalize(path: string): string {
  return path.replace(/^(\.?\/)+/, '');
}
