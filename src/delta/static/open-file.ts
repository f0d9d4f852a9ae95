/** A file between the operations that open and close it: the pieces written so far, or a patched whole. */

import { S_IFMT } from '../../ostree/dirmeta.ts';
import { type FileHeader, S_IFREG } from '../../ostree/file-header.ts';
import { deltaFault } from './delta-fault.ts';
import { applyPatch } from './match/apply-patch.ts';

export class OpenFile {
  readonly header: FileHeader;
  readonly #size: number;
  #pieces: Buffer[] = [];
  #written = 0;

  /** `size` as announced. ERR_DELTA_CORRUPT if the header is not that of a regular file: clients crash. */
  constructor(header: FileHeader, size: number) {
    if ((header.mode & S_IFMT) !== S_IFREG)
      throw deltaFault(`a file is opened with the mode 0${header.mode.toString(8)}`);
    this.header = header;
    this.#size = size;
  }

  write(piece: Buffer): void {
    this.#written += piece.length;
    if (this.#written > this.#size) throw deltaFault(`more than ${this.#size} bytes are written to a file`);
    if (piece.length > 0) this.#pieces.push(piece);
  }

  patch(source: Buffer, patch: Buffer): void {
    if (this.#written > 0) throw deltaFault('a file is both written and patched');
    // Each byte of the file takes one of the patch, so memory is bounded before the size is trusted.
    if (this.#size > patch.length)
      throw deltaFault(`a binary patch of ${patch.length} bytes is to make ${this.#size}`);
    const target = Buffer.allocUnsafeSlow(this.#size);
    applyPatch(source, patch, target);
    this.#pieces = [target];
    this.#written = this.#size;
  }

  /** The pieces of the whole file; ERR_DELTA_CORRUPT if bytes are missing. */
  close(): readonly Buffer[] {
    if (this.#written === this.#size) return this.#pieces;
    throw deltaFault(`a file is closed after ${this.#written} of ${this.#size} bytes`);
  }
}
