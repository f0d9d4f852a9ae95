/**
 * Counts the users of bytes that several requests share, and frees the bytes when the last user is done. Left
 * to the collector, which sees little of such memory, they would be most of the server's.
 *
 * A user that never says so leaves the bytes to the collector.
 */
import { freeNow } from '../../base/bytes.ts';

export class SharedUse {
  #users = 0;
  #bytes: Buffer | undefined;

  /** Counts a user, which calls the result when it is done with the bytes. */
  enter(): () => void {
    this.#users += 1;
    const use = { isOver: false };
    return () => {
      if (use.isOver) return;
      use.isOver = true;
      this.#users -= 1;
      this.#freeUnused();
    };
  }

  /** Says which bytes are shared; no user enters from now on. */
  close(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#freeUnused();
  }

  #freeUnused(): void {
    if (this.#bytes === undefined || this.#users > 0) return;
    freeNow(this.#bytes);
    this.#bytes = undefined;
  }
}
