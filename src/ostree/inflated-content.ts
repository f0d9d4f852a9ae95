/** A content object that is inflated in one call when it is opened. Its memory is freed when it is closed. */
import { freeNow } from '../base/bytes.ts';
import { type FileHeader, isSymlink } from './file-header.ts';
import { inflateWhole } from './inflate.ts';
import type { OpenedContent } from './object-source.ts';

export type DeflatedContent = {
  readonly header: FileHeader;
  /** As announced, in bytes. */
  readonly size: number;
  /** Raw deflate; not needed any more when the object is open. Empty for a symlink. */
  readonly body: Uint8Array;
  /** Of the object, for errors. */
  readonly name: string;
};

export class InflatedContent implements OpenedContent {
  readonly header: FileHeader;
  readonly size: number;
  readonly #bytes: Buffer;
  #position = 0;

  /** ERR_OBJECT_CORRUPT. */
  constructor({ header, size, body, name }: DeflatedContent) {
    this.header = header;
    this.size = size;
    this.#bytes = isSymlink(header) ? Buffer.alloc(0) : inflateWhole(body, size, name);
  }

  read(memory: Uint8Array): number {
    const part = this.#bytes.subarray(this.#position, this.#position + memory.length);
    memory.set(part);
    this.#position += part.length;
    return part.length;
  }

  close(): void {
    freeNow(this.#bytes);
  }
}
