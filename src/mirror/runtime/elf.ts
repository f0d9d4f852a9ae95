/**
 * Reads what the runtime needs to know of an ELF file: for which machine it is, which loader and libraries it
 * asks for, and where its loadable bytes end. 64-bit little-endian files only, which all machines are that
 * Node 24 has ready binaries for, but s390x.
 *
 * Source: System V ABI, chapters 4 and 5. Every offset is checked against the file; faults are ERR_RUNTIME.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { messageOf, TreeportError } from '../../base/errors.ts';

export type ElfFile = {
  readonly path: string;
  /** e_machine: 62 x86-64, 183 AArch64, … */
  readonly machine: number;
  /** Path of the loader; undefined in libraries. */
  readonly interpreter: string | undefined;
  /** Names of the libraries it needs, as it lists them. */
  readonly needed: readonly string[];
  /** Directories to look in for them, `$ORIGIN` and all. */
  readonly searchPath: readonly string[];
  /** Bytes up to the end of the last segment that is loaded; what follows is for linkers and debuggers. */
  readonly loadedBytes: number;
};

export const ELF_HEADER_BYTES = 64;
const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;

const SEGMENT_BYTES = 56;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

const DYNAMIC_BYTES = 16;
const DT_NULL = 0;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

const MAX_STRING_BYTES = 4096;
const MAX_DYNAMIC_BYTES = 1024 * 1024;

const ARCHITECTURES: Readonly<Record<number, string>> = {
  21: 'ppc64le',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
};

/**
 * Go's name of the architecture that the file is for; ERR_RUNTIME if it is one that Node has no binaries for.
 */
export function elfArchitecture({ machine, path }: ElfFile): string {
  const name = ARCHITECTURES[machine];
  if (name !== undefined) return name;
  throw new TreeportError(
    'ERR_RUNTIME',
    `the program ${path} is for an unsupported machine (ELF machine ${machine})`,
  );
}

type Segment = {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
};

/** Reads the file; ERR_RUNTIME if it is no such ELF file or is damaged. */
export function readElf(path: string): ElfFile {
  const file = openFile(path);
  try {
    return new ElfReader(path, file).read();
  } finally {
    closeSync(file);
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw new TreeportError('ERR_RUNTIME', `cannot read the program ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

class ElfReader {
  readonly #path: string;
  readonly #file: number;
  readonly #size: number;

  constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
    this.#size = fstatSync(file).size;
  }

  read(): ElfFile {
    const header = this.#bytes(0, ELF_HEADER_BYTES);
    if (!header.subarray(0, 4).equals(MAGIC)) throw this.#fault('it is not an ELF file');
    if (header[4] !== CLASS_64 || header[5] !== LITTLE_ENDIAN)
      throw this.#fault('it is not 64-bit little-endian');
    const segments = this.#segments(header);
    const dynamic = this.#dynamic(segments);
    const strings = dynamic.find(({ tag }) => tag === DT_STRTAB)?.value;
    const textsOf = (...tags: readonly number[]): readonly string[] =>
      dynamic
        .filter(({ tag }) => tags.includes(tag))
        .map(({ value }) => this.#text(segments, strings, value));
    const interpreter = segments.find(({ type }) => type === PT_INTERP);
    return {
      path: this.#path,
      machine: header.readUInt16LE(18),
      interpreter: interpreter && this.#string(interpreter.offset),
      needed: textsOf(DT_NEEDED),
      searchPath: textsOf(DT_RPATH, DT_RUNPATH)
        .flatMap((list) => list.split(':'))
        .filter((part) => part !== ''),
      loadedBytes: this.#loadedBytes(segments),
    };
  }

  #segments(header: Buffer): readonly Segment[] {
    const start = this.#number(header, 32);
    const count = header.readUInt16LE(56);
    if (header.readUInt16LE(54) !== SEGMENT_BYTES)
      throw this.#fault(`its program headers are not ${SEGMENT_BYTES} bytes each`);
    const table = this.#bytes(start, count * SEGMENT_BYTES);
    return Array.from({ length: count }, (_, i) => {
      const at = i * SEGMENT_BYTES;
      return {
        type: table.readUInt32LE(at),
        offset: this.#number(table, at + 8),
        address: this.#number(table, at + 16),
        size: this.#number(table, at + 32),
      };
    });
  }

  #loadedBytes(segments: readonly Segment[]): number {
    const ends = segments.filter(({ type }) => type === PT_LOAD).map(({ offset, size }) => offset + size);
    const end = Math.max(ELF_HEADER_BYTES, ...ends);
    if (end > this.#size) throw this.#fault('it is cut off');
    return end;
  }

  #dynamic(segments: readonly Segment[]): readonly { readonly tag: number; readonly value: number }[] {
    const segment = segments.find(({ type }) => type === PT_DYNAMIC);
    if (segment === undefined) return [];
    if (segment.size > MAX_DYNAMIC_BYTES) throw this.#fault('its dynamic section is too large');
    const table = this.#bytes(segment.offset, segment.size);
    const entries = [];
    for (let at = 0; at + DYNAMIC_BYTES <= table.length; at += DYNAMIC_BYTES) {
      const tag = Number(table.readBigInt64LE(at));
      if (tag === DT_NULL) break;
      entries.push({ tag, value: Number(table.readBigUInt64LE(at + 8)) });
    }
    return entries;
  }

  /** A text of the dynamic string table, whose address in memory is `table`. */
  #text(segments: readonly Segment[], table: number | undefined, index: number): string {
    const segment = segments.find(
      ({ type, address, size }) =>
        type === PT_LOAD && table !== undefined && table >= address && table < address + size,
    );
    if (segment === undefined || table === undefined)
      throw this.#fault('its string table is not in the file');
    return this.#string(segment.offset + table - segment.address + index);
  }

  #string(offset: number): string {
    const bytes = this.#bytes(offset, Math.min(MAX_STRING_BYTES, Math.max(this.#size - offset, 1)));
    const end = bytes.indexOf(0);
    if (end < 0) throw this.#fault(`the string at ${offset} has no terminating NUL`);
    return bytes.toString('utf8', 0, end);
  }

  #number(bytes: Buffer, at: number): number {
    const value = Number(bytes.readBigUInt64LE(at));
    if (!Number.isSafeInteger(value)) throw this.#fault('an offset is too large');
    return value;
  }

  #bytes(offset: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    if (offset + length <= this.#size && readSync(this.#file, bytes, 0, length, offset) === length)
      return bytes;
    throw this.#fault(`it ends before ${offset + length} bytes`);
  }

  #fault(what: string): TreeportError {
    return new TreeportError(
      'ERR_RUNTIME',
      `the program ${this.#path} cannot be part of the runtime: ${what}`,
    );
  }
}
