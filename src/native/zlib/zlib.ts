/**
 * The zlib of the running Node, called directly: node:zlib's streams hand over one small piece at a time and
 * take new memory for each. Struct and constants: zlib.h of 1.2 and 1.3; only 64-bit little-endian machines
 * are supported.
 */
import type { ForeignFunction } from '../deflate/steps.ts';
import { nodeExports } from '../node-exports.ts';

/** z_stream: next_in, avail_in, total_in, next_out, avail_out, total_out, msg and data_type. */
export const Z_STREAM_BYTES = 112;
export const FIELDS = {
  nextIn: 0,
  availableIn: 8,
  totalIn: 16,
  nextOut: 24,
  availableOut: 32,
  totalOut: 40,
  message: 48,
  dataType: 88,
} as const;

export const STATUS = { ok: 0, streamEnd: 1, bufferError: -5 } as const;

type AnyVersion = '1';

export type Zlib = {
  readonly init: (stream: bigint, windowBits: number, version: AnyVersion, size: number) => number;
  /** Takes stream and flush; returns a status. */
  readonly inflate: ForeignFunction;
  readonly setDictionary: (stream: bigint, dictionary: Uint8Array, length: number) => number;
  readonly reset: (stream: bigint) => number;
  readonly end: (stream: bigint) => number;
};

/** Undefined if this Node exports none. */
export const nodeZlib: () => Zlib | undefined = nodeExports(
  (program): Zlib => ({
    init: program.func('int inflateInit2_(void *stream, int bits, const char *version, int size)'),
    inflate: program.func('int inflate(void *stream, int flush)'),
    setDictionary: program.func(
      'int inflateSetDictionary(void *stream, const uint8_t *dictionary, unsigned int length)',
    ),
    reset: program.func('int inflateReset(void *stream)'),
    end: program.func('int inflateEnd(void *stream)'),
  }),
);
