/**
 * Which bytes of a piece belong to which content object, so that the objects of a tar stream are verified
 * piece by piece, on this thread or another, which may also read them. A piece's checks are packed, because
 * they are sent to threads:
 *
 *     u32 from · u32 to · u32 length of what is hashed before the bytes, plus 1; 0 if the object has begun in
 *     an earlier piece · u32 1 if the object ends here, else 0 · u32 descriptor of the file that the bytes
 *     are to be read from, plus 1; 0 if they are there · what is hashed before · 32 bytes of the id, if the
 *     object ends here or is to be read
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { CHECKSUM_BYTES, type Checksum, checksumFromBytes } from '../ostree/checksum.ts';
import { corruptObject } from '../ostree/object-fault.ts';
import { objectError } from '../ostree/repo/object-error.ts';
import { requireFileDigest } from '../ostree/verify.ts';
import type { LaterRead } from './later-reads.ts';

export type CheckedPiece = {
  readonly bytes: Buffer;
  /** For {@link PieceVerifier}. Its ArrayBuffer is its own. */
  readonly checks: Buffer;
};

/** The bytes alone, of pieces without objects. */
export function pieceBytes(pieces: readonly CheckedPiece[]): readonly Buffer[] {
  return pieces.map(({ bytes }) => bytes);
}

const FIXED_BYTES = 20;
const WHERE = 'a tar stream';
const LEAST_BYTES = 1024;

type OpenObject = {
  readonly from: number;
  readonly prefix: Uint8Array | undefined;
  readonly later?: LaterRead | undefined;
};

/** Collects the checks of a piece. */
export class CheckList {
  #bytes = Buffer.alloc(0);
  #used = 0;
  /** The object that has begun and not ended. */
  #open: OpenObject | undefined;

  /** An object whose bytes start at `from`; `prefix` is hashed before them. */
  begin(from: number, prefix: Uint8Array, later?: LaterRead): void {
    this.#open = { from, prefix, later };
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
      this.#open = { ...this.#open, from: 0, prefix: undefined };
    }
    const checks = this.#bytes.subarray(0, this.#used);
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
    return checks;
  }

  #add(to: number, ended: Checksum | undefined): void {
    const { from, prefix, later } = this.#open ?? { from: to, prefix: undefined };
    const id = ended ?? later?.checksum;
    const prefixLength = prefix?.length ?? 0;
    this.#reserve(FIXED_BYTES + prefixLength + CHECKSUM_BYTES);
    const before = prefix === undefined ? 0 : prefixLength + 1;
    const fields = [from, to, before, ended === undefined ? 0 : 1, later === undefined ? 0 : later.fd + 1];
    for (const field of fields) this.#used = this.#bytes.writeUInt32LE(field, this.#used);
    if (prefix !== undefined) this.#bytes.set(prefix, this.#used);
    this.#used += prefixLength;
    if (id !== undefined) this.#used += this.#bytes.write(id, this.#used, 'hex');
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

  /**
   * Reads the bytes that are still to be read. Throws ERR_OBJECT_CORRUPT naming the first object that ends in
   * the piece and does not match its id. Returns the descriptors of the files that were read to their ends.
   */
  verify({ bytes, checks }: CheckedPiece): readonly number[] {
    const ended: number[] = [];
    for (let at = 0; at < checks.length; ) {
      const [from, to] = [checks.readUInt32LE(at), checks.readUInt32LE(at + 4)];
      const [prefixLength, ends] = [checks.readUInt32LE(at + 8), checks.readUInt32LE(at + 12)];
      const fd = checks.readUInt32LE(at + 16) - 1;
      at += FIXED_BYTES;
      if (prefixLength > 0) {
        this.#digest = createHash('sha256').update(checks.subarray(at, at + prefixLength - 1));
        at += prefixLength - 1;
      }
      const digest = this.#digest as Hash;
      const part = bytes.subarray(from, to);
      const id = checks.subarray(at, at + CHECKSUM_BYTES);
      if (ends === 1 || fd >= 0) at += CHECKSUM_BYTES;
      if (fd >= 0) readWhole(fd, part, id);
      if (to > from) digest.update(part);
      if (ends === 0) continue;
      if (fd >= 0) ended.push(fd);
      requireFileDigest(digest, checksumFromBytes(id, WHERE));
    }
    return ended;
  }
}

/** Fills `part` from where the file stands; `id` of the object is for errors. */
function readWhole(fd: number, part: Buffer, id: Buffer): void {
  const name = () => `${checksumFromBytes(id, WHERE)}.file`;
  for (let length = 0; length < part.length; ) {
    const count = readNext(fd, part.subarray(length), name);
    if (count === 0) throw corruptObject(name(), 'its file became shorter while it was read');
    length += count;
  }
}

function readNext(fd: number, memory: Buffer, name: () => string): number {
  try {
    return readSync(fd, memory, 0, memory.length, null);
  } catch (error) {
    throw objectError(error, name(), `/proc/self/fd/${fd}`);
  }
}
