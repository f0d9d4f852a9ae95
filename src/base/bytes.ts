/** Small helpers on byte strings. */

/** The bytes as lower-case hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** A Buffer over the same memory as `bytes`. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Reads a whole stream into one buffer. Only for data whose size is known to be small. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return parts.length === 1 ? asBuffer(parts[0] as Uint8Array) : Buffer.concat(parts);
}

/** Like {@link collect} for a stream of `size` bytes, without holding its pieces beside the result. */
export async function collectSized(stream: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const part of stream) {
    // Fast path: most streams are small and consist of one piece.
    if (part.length === size) return asBuffer(part);
    whole.set(part, filled);
    filled += part.length;
  }
  return whole.subarray(0, filled);
}

/** Copies a stream to the start of `memory`; RangeError if it does not fit. */
export async function copyPieces(stream: AsyncIterable<Uint8Array>, memory: Uint8Array): Promise<void> {
  const target = asBuffer(memory);
  let filled = 0;
  for await (const piece of stream) {
    if (filled + piece.length > memory.length) throw new RangeError('the bytes do not fit');
    // V8 sets bytes of shared memory one by one.
    asBuffer(piece).copy(target, filled);
    filled += piece.length;
  }
}

/**
 * Frees the memory of a buffer that has an ArrayBuffer of its own, if that was not done before; memory in
 * Node's pool stays. Left to the garbage collector, which sees little of such memory, dead buffers would be
 * most of the process's.
 */
export function freeNow(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && !buffer.detached && !isPool(buffer)) buffer.transferToFixedLength(0);
}

/**
 * A zeroed buffer in pages of its own, which {@link freeNow} gives back to the system. malloc keeps freed
 * blocks of megabytes, in an arena for each thread. V8 maps the memory of ArrayBuffers that can be resized;
 * their bytes are slower to access one by one.
 */
export function mappedBuffer(size: number): Buffer<ArrayBuffer> {
  return Buffer.from(new ArrayBuffer(size, { maxByteLength: size }), 0, size);
}

/** Moves bytes to the start of `target`, and frees their memory; returns how many there are. */
export function moveInto(target: Uint8Array, bytes: Uint8Array): number {
  const { length } = bytes;
  target.set(bytes);
  freeNow(bytes);
  return length;
}

/** Node 26 makes its pool a little larger than `poolSize`, and not detachable. */
function isPool({ byteLength }: ArrayBuffer): boolean {
  return byteLength >= Buffer.poolSize && byteLength < Buffer.poolSize + 1024;
}

/** Orders strings by their UTF-8 bytes, the order ostree sorts names and refs in. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** Surrogates encode the code points above U+FFFF, so they sort after every other code unit. */
function byteRank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}
