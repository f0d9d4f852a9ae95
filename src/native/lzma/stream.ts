/** lzma_stream of lzma/base.h: next_in 0, avail_in 8, next_out 24, avail_out 32. */
import { lazyKoffi } from './koffi.ts';

export const STREAM_BYTES = 136;

/** What liblzma reads next; the caller keeps the memory alive. */
export function setInput(stream: Buffer, bytes: Uint8Array): void {
  setBuffer(stream, 0, bytes);
}

/** Where liblzma writes next; the caller keeps the memory alive. */
export function setOutput(stream: Buffer, bytes: Uint8Array): void {
  setBuffer(stream, 24, bytes);
}

/** Bytes of the input that were not read. */
export function inputLeft(stream: Buffer): number {
  return Number(stream.readBigUInt64LE(8));
}

/** Bytes of the output that were not written. */
export function outputLeft(stream: Buffer): number {
  return Number(stream.readBigUInt64LE(32));
}

function setBuffer(stream: Buffer, at: number, bytes: Uint8Array): void {
  stream.writeBigUInt64LE(bytes.length === 0 ? 0n : lazyKoffi().address(bytes), at);
  stream.writeBigUInt64LE(BigInt(bytes.length), at + 8);
}
