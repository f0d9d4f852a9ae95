/**
 * libdeflate.so.0 of the installed runtime, loaded on first use. The one of the system is never used, because
 * its version would decide the bytes of layers (docs/decisions/0157-libdeflate.md). Declared as in
 * libdeflate.h of 1.23.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../base/errors.ts';
import { RUNTIME_TOOLS, runtimeDirectory } from '../../base/package-directory.ts';
import { lazyKoffi } from '../lzma/koffi.ts';
import type { ForeignFunction } from './steps.ts';

export type Libdeflate = {
  /** Of Debian's package, such as `1.23-2`. */
  readonly version: string;
  /** Takes a level; returns null if there is no memory. */
  readonly allocCompressor: (level: number) => bigint | null;
  /** Takes compressor, input, its size, output, its size; returns 0 if the output is too small. */
  readonly compress: ForeignFunction;
  /** How large an output is never too small. */
  readonly compressBound: (compressor: null, size: number) => number;
  readonly allocDecompressor: () => bigint | null;
  /** Takes decompressor, input, its size, output, its size, and where the bytes read and written go. */
  readonly decompress: ForeignFunction;
  readonly freeDecompressor: (decompressor: bigint) => void;
  /** Of the bytes after others that have `crc`; 0 for none. */
  readonly crc32: (crc: number, bytes: Uint8Array) => number;
};

/** Of RUNTIME_TOOLS: the library, and what it was made of. */
export const LIBDEFLATE = 'libdeflate.so.0';
export const TOOL_SOURCES = 'sources.json';

const state: { library: Libdeflate | undefined; isSought: boolean } = { library: undefined, isSought: false };

/** Undefined if no runtime that has it is installed, or if this machine's libc is too old for it. */
export function libdeflate(): Libdeflate | undefined {
  if (!state.isSought) state.library = ofRuntime();
  state.isSought = true;
  return state.library;
}

function ofRuntime(): Libdeflate | undefined {
  const runtime = runtimeDirectory(process.arch);
  if (runtime === undefined) return undefined;
  const tools = join(runtime, RUNTIME_TOOLS);
  const version = versionIn(tools);
  return version === undefined ? undefined : load(join(tools, LIBDEFLATE), version);
}

/** Undefined for runtimes of earlier releases. */
function versionIn(tools: string): string | undefined {
  try {
    const [source] = JSON.parse(readFileSync(join(tools, TOOL_SOURCES), 'utf8'));
    return source.version;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function load(file: string, version: string): Libdeflate | undefined {
  try {
    const library = lazyKoffi().load(file);
    // Starts again if it gets no address.
    const crc32 = library.func('uint32_t libdeflate_crc32(uint32_t crc, const uint8_t *bytes, size_t size)');
    return {
      version,
      allocCompressor: library.func('void *libdeflate_alloc_compressor(int level)'),
      compress: library.func(
        'size_t libdeflate_deflate_compress(void *compressor, const uint8_t *in, size_t in_size, uint8_t *out, size_t out_size)',
      ),
      compressBound: library.func(
        'size_t libdeflate_deflate_compress_bound(void *compressor, size_t in_size)',
      ),
      allocDecompressor: library.func('void *libdeflate_alloc_decompressor()'),
      decompress: library.func(
        'int libdeflate_deflate_decompress_ex(void *decompressor, void *in, size_t in_size, void *out, size_t out_size, void *read, void *written)',
      ),
      freeDecompressor: library.func('void libdeflate_free_decompressor(void *decompressor)'),
      crc32: (crc, bytes) => (bytes.length === 0 ? crc : crc32(crc, bytes, bytes.length)),
    };
  } catch {
    return undefined;
  }
}
