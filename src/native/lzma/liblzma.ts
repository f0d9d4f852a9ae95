/**
 * liblzma.so.5, loaded on first use. Structs and constants: lzma/base.h, lzma/filter.h and
 * lzma/lzma12.h of xz 5.2 to 5.8, which share one ABI; only 64-bit little-endian machines are supported.
 */
import { join } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { runtimeDirectory } from '../../base/package-directory.ts';
import { lazyKoffi } from './koffi.ts';

const FILE = 'liblzma.so.5';
/** 5.2.0, as lzma_version_number() counts. */
const OLDEST = 50_020_002;

type Liblzma = {
  readonly versionText: () => string;
  readonly rawBufferEncode: (
    filters: Uint8Array,
    allocator: Uint8Array,
    input: Uint8Array,
    inputSize: number,
    output: Uint8Array,
    outputPosition: Uint8Array,
    outputSize: number,
  ) => number;
  readonly streamDecoder: (stream: Uint8Array, memoryLimit: bigint, flags: number) => number;
  readonly code: (stream: Uint8Array, action: number) => number;
  readonly end: (stream: Uint8Array) => void;
};

let loaded: Liblzma | undefined;

/** ERR_LIBLZMA_MISSING if the library is missing or too old. */
export function liblzma(): Liblzma {
  loaded ??= ofRuntime() ?? loadLiblzma();
  return loaded;
}

/**
 * The one of the installed runtime, so that deltas are made with the same version on every machine. Undefined
 * if there is none, or this machine's libc is too old for it.
 */
function ofRuntime(): Liblzma | undefined {
  const runtime = runtimeDirectory(process.arch);
  try {
    return runtime === undefined ? undefined : loadLiblzma(join(runtime, 'lib', FILE));
  } catch (error) {
    if (isTreeportError(error, 'ERR_LIBLZMA_MISSING')) return undefined;
    throw error;
  }
}

/** The version of the library in use, such as `5.4.1`; ERR_LIBLZMA_MISSING if there is none. */
export function lzmaVersion(): string {
  return liblzma().versionText();
}

/** `file` is what dlopen(3) looks for. */
export function loadLiblzma(file = FILE): Liblzma {
  const library = open(file);
  try {
    const version = library.func('uint32_t lzma_version_number()')() as number;
    if (version < OLDEST) throw new Error(`it is version ${version}`);
    return {
      versionText: library.func('const char *lzma_version_string()'),
      rawBufferEncode: library.func(
        'int lzma_raw_buffer_encode(const uint8_t *filters, const uint8_t *allocator, const uint8_t *in, size_t in_size, uint8_t *out, uint8_t *out_pos, size_t out_size)',
      ),
      streamDecoder: library.func(
        'int lzma_stream_decoder(uint8_t *stream, uint64_t memory_limit, uint32_t flags)',
      ),
      code: library.func('int lzma_code(uint8_t *stream, int action)'),
      end: library.func('void lzma_end(uint8_t *stream)'),
    };
  } catch (error) {
    throw missing(`cannot use ${file}: ${messageOf(error)}`, error);
  }
}

function open(file: string): ReturnType<ReturnType<typeof lazyKoffi>['load']> {
  try {
    return lazyKoffi().load(file);
  } catch (error) {
    throw missing(`cannot load ${file}: ${messageOf(error)}`, error);
  }
}

function missing(why: string, cause: unknown): TreeportError {
  const advice = 'install liblzma 5.2 or later (Debian: liblzma5, Fedora: xz-libs)';
  return new TreeportError('ERR_LIBLZMA_MISSING', `${why}; ${advice}`, { cause });
}
