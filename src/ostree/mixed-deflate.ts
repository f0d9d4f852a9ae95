/**
 * One raw deflate stream (RFC 1951) of which some parts are stored and others compressed, so that a sender
 * can change its mind while it sends. Stored blocks are those of stored-blocks.ts. A compressed part is a
 * run of blocks that ends with an empty stored block (quick-deflate.ts), so that the next part begins at a
 * byte. Its matches may reach into the 32 KiB before it, whether those were stored or compressed (§3.2.3).
 */
import { quickDeflatePart, WINDOW_BYTES } from './quick-deflate.ts';
import { storedPart, storeInPlace } from './stored-blocks.ts';

export class MixedDeflate {
  /** The end of what was written: what matches may refer to. */
  #window: Buffer = Buffer.alloc(0);

  store(bytes: Buffer): Buffer {
    this.#remember(bytes);
    return storedPart(bytes, { isLast: false });
  }

  /** Like {@link store} for the bytes from `from` to the end of `memory`; see stored-blocks.ts. */
  storeInPlace(memory: Buffer, from: number): Buffer {
    this.#remember(memory.subarray(from));
    return storeInPlace(memory, from, { isLast: false });
  }

  compress(bytes: Buffer): Buffer {
    const deflated = quickDeflatePart(this.#window, bytes);
    const copy = Buffer.allocUnsafeSlow(deflated.length);
    deflated.copy(copy);
    this.#remember(bytes);
    return copy;
  }

  /** The last, empty block. */
  end(): Buffer {
    return storedPart(Buffer.alloc(0), { isLast: true });
  }

  /** A copy of the end, so that the part itself is not kept. */
  #remember(bytes: Buffer): void {
    const all = bytes.length < WINDOW_BYTES ? Buffer.concat([this.#window, bytes]) : bytes;
    const length = Math.min(all.length, WINDOW_BYTES);
    if (this.#window.length !== length) this.#window = Buffer.allocUnsafeSlow(length);
    all.copy(this.#window, 0, all.length - length);
  }
}
