/**
 * Deflate by an encoder made for speed (../../assembly/deflate/): faster than zlib at level 3, and no larger.
 * What it makes is a function of the content alone, on every machine.
 *
 * All callers share one memory, which grows with the largest content; a result lasts until the next call.
 */
import { DEFLATE_MODULE } from './deflate-module.ts';

/** How far matches reach (RFC 1951, §2). */
export const WINDOW_BYTES: number = 32 * 1024;
const PAGE_BYTES = 64 * 1024;
/** What the encoder reads and writes behind the content and its result. */
const SPARE_BYTES = 4096;
/** Content that does not shrink grows by a header for each block, of at least so many bytes. */
const LEAST_BLOCK = 8 * 1024;

/** What the module exports. */
type Encoder = {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  readonly CONTENT: { readonly value: number };
  deflate(start: number, end: number, output: number, isLast: boolean): number;
};

/** Node's types have none of it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Encoder };
};

const shared: { encoder: Encoder | undefined } = { encoder: undefined };

/** Compiled when the first object is compressed, because most processes compress none. */
function sharedEncoder(): Encoder {
  shared.encoder ??= new WebAssembly.Instance(
    new WebAssembly.Module(Buffer.from(DEFLATE_MODULE, 'base64')),
  ).exports;
  return shared.encoder;
}

/** `content` as a complete deflate stream. */
export function quickDeflate(content: Uint8Array): Buffer {
  return deflateBehind(new Uint8Array(0), content, true);
}

/**
 * `content` as a part of a deflate stream, which ends at a byte; `window` is what came before it, up to
 * {@link WINDOW_BYTES}.
 */
export function quickDeflatePart(window: Uint8Array, content: Uint8Array): Buffer {
  return deflateBehind(window, content, false);
}

function deflateBehind(window: Uint8Array, content: Uint8Array, isLast: boolean): Buffer {
  const encoder = sharedEncoder();
  const { memory, CONTENT } = encoder;
  const size = window.length + content.length;
  const output = CONTENT.value + size + SPARE_BYTES;
  const most = content.length + Math.ceil(content.length / LEAST_BLOCK) * 16 + SPARE_BYTES;
  const missing = output + most - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const bytes = new Uint8Array(memory.buffer, CONTENT.value);
  bytes.set(window);
  bytes.set(content, window.length);
  const length = encoder.deflate(window.length, size, output, isLast);
  return Buffer.from(memory.buffer, output, length);
}
