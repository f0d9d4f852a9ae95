/**
 * Which bytes of a piece belong to which content object, so that the objects of a tar stream are verified
 * piece by piece, on this thread or another. A piece's checks are packed, because they are sent to threads:
 *
 *     u32 from · u32 to · u32 length of what is hashed before the bytes, plus 1; 0 if the object has begun in
 *     an earlier piece · u32 1 if the object ends here, else 0 · what is hashed before · 32 bytes of its id
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { CHECKSUM_BYTES, type Checksum, checksumFromBytes } from '../ostree/checksum.ts';
import { requireFileDigest } from '../ostree/verify.ts';

export type CheckedPiece = {
  readonly bytes: Buffer;
  /** For {@link PieceVerifier}. Its ArrayBuffer is its own. */
  readonly checks: Buffer;
};

/** The bytes alone, of pieces without objects. */
export function pieceBytes(pieces: readonly CheckedPiece[]): readonly Buffer[] {
  return pieces.map(({ bytes }) => bytes);
}

const FIXED_BYTES = 16;
const LEAST_BYTES = 1024;

/** Collects the checks of a piece. */
export class CheckList {
  #bytes = Buffer.alloc(0);
  #used = 0;
  /** The object that has begun and not ended. */
  #open: { readonly from: number; readonly prefix: Uint8Array | undefined } | undefined;

  /** An object whose bytes start at `from`; `prefix` is hashed before them. */
  begin(from: number, prefix: Uint8Array): void {
    this.#open = { from, prefix };
  }

  /** Ends the object that {@link begin} began; its bytes end before `to`. */
  end(to: number, checksum: Checksum): void {
    this.#add(to, checksum);
    this.#open = undefined;
  }

  /** The checks of the piece, which ends before `to`; an open object goes on in the next. */
  take(to: number): Buffer {
    if (this.#open !== undefined) {
      this.#add(to, undefined);
      this.#open = { from: 0, prefix: undefined };
    }
    const checks = this.#bytes.subarray(0, this.#used);
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
    return checks;
  }

  #add(to: number, checksum: Checksum | undefined): void {
    const { from, prefix } = this.#open ?? { from: to, prefix: undefined };
    const prefixLength = prefix?.length ?? 0;
    this.#reserve(FIXED_BYTES + prefixLength + CHECKSUM_BYTES);
    const fields = [from, to, prefix === undefined ? 0 : prefixLength + 1, checksum === undefined ? 0 : 1];
    for (const field of fields) this.#used = this.#bytes.writeUInt32LE(field, this.#used);
    if (prefix !== undefined) this.#bytes.set(prefix, this.#used);
    this.#used += prefixLength;
    if (checksum !== undefined) this.#used += this.#bytes.write(checksum, this.#used, 'hex');
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, 2 * (this.#used + count)));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}

/** Verifies the objects of a stream; gets its pieces in order. */
export class PieceVerifier {
  #digest: Hash | undefined;

  /** Throws ERR_OBJECT_CORRUPT naming the first object that ends in the piece and does not match its id. */
  verify({ bytes, checks }: CheckedPiece): void {
    for (let at = 0; at < checks.length; ) {
      const [from, to] = [checks.readUInt32LE(at), checks.readUInt32LE(at + 4)];
      const [prefixLength, ends] = [checks.readUInt32LE(at + 8), checks.readUInt32LE(at + 12)];
      at += FIXED_BYTES;
      if (prefixLength > 0) {
        this.#digest = createHash('sha256').update(checks.subarray(at, at + prefixLength - 1));
        at += prefixLength - 1;
      }
      const digest = this.#digest as Hash;
      if (to > from) digest.update(bytes.subarray(from, to));
      if (ends === 0) continue;
      requireFileDigest(digest, checksumFromBytes(checks.subarray(at, at + CHECKSUM_BYTES), 'a tar stream'));
      at += CHECKSUM_BYTES;
    }
  }
}
