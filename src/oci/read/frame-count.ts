/**
 * Counts the members or frames of a compressed stream. A stream of tiny ones would take minutes for a few
 * megabytes, because a decoder for each takes 0.1 ms, so they must have a minimum size on average.
 */

/** The minimum average applies only above this number of frames or members. */
const FREE_FRAMES = 1024;
/** Minimum average of decoded bytes. One frame for each tar entry would give twice as much. */
const MIN_MEAN_BYTES = 128;

export class FrameCount {
  #frames = 0;
  #bytes = 0;

  /** Throws if those before were too small. */
  begin(): void {
    this.#frames += 1;
    if (this.#frames > FREE_FRAMES && this.#bytes < this.#frames * MIN_MEAN_BYTES)
      throw new Error(
        `it is cut into ${this.#frames} frames of fewer than ${MIN_MEAN_BYTES} bytes on average`,
      );
  }

  /** Decoded bytes of the current one. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
