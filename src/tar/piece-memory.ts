/** Where the pieces of a tar stream get their memory from. */

/** Small, because dead pieces wait for the collector (docs/decisions/0021-small-young-generation.md). */
export const TAR_PIECE_BYTES: number = 128 * 1024;

export type PieceMemory = {
  take(): Buffer;
  /** Gets a piece that nothing uses any more, whole or cut off. */
  give(piece: Buffer): void;
};

/** New memory for each piece, so that consumers may keep them. */
export const newPieces: PieceMemory = {
  take: () => Buffer.allocUnsafeSlow(TAR_PIECE_BYTES),
  give: () => {},
};

/** Memory that is used again, shared with other threads: a piece lasts until the next is requested. */
export class PiecePool implements PieceMemory {
  readonly #size: number;
  readonly #free: SharedArrayBuffer[] = [];

  constructor(size: number = TAR_PIECE_BYTES) {
    this.#size = size;
  }

  take(): Buffer {
    return Buffer.from(this.#free.pop() ?? new SharedArrayBuffer(this.#size));
  }

  give(piece: Buffer): void {
    this.#free.push(piece.buffer as unknown as SharedArrayBuffer);
  }
}
