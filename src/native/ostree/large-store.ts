/** Where the bytes of a large content object are collected. */
import type { Checksum } from '../../ostree/checksum.ts';

export type LargeStore = {
  /** For errors. */
  readonly path: string;
  /** Writes bytes of the hashed stream, at an offset of it: those that follow the ones before. */
  write(bytes: Uint8Array, offset: number): Promise<void> | void;
  /** Makes it the object; `length` bytes were written. */
  finish(checksum: Checksum, length: number): void;
  close(): void;
};
