/**
 * A straight line through bytes and milliseconds by least squares, and how sure its slope is. Later
 * measurements weigh more.
 *
 * The line starts from answers without bytes that take {@link USUAL_MS}, so that answers of equal size are
 * enough.
 */

/** How long an answer without bytes takes, and for how many measurements that counts. */
const USUAL_MS = 20;
const USUAL_COUNT = 4;
/** Times scatter by this at least. */
const SCATTER_MS = 10;
/** Sizes that differ by less tell little. */
const NARROW_BYTES = 16 * 1024;
/** Weight of what was known before, for each new measurement. */
const KEPT = 127 / 128;

/** Sums over measurements: x is bytes, y milliseconds. */
export class LineFit {
  count = 0;
  #x = 0;
  #y = 0;
  #xx = 0;
  #xy = 0;
  #yy = 0;

  /** Starts with the measurements of another line, which count for so many at most. */
  static after(other: LineFit, mostCount: number): LineFit {
    const fit = new LineFit();
    const weight = Math.min(1, mostCount / other.count);
    if (other.count === 0) return fit;
    fit.count = other.count * weight;
    fit.#x = other.#x * weight;
    fit.#y = other.#y * weight;
    fit.#xx = other.#xx * weight;
    fit.#xy = other.#xy * weight;
    fit.#yy = other.#yy * weight;
    return fit;
  }

  add(bytes: number, milliseconds: number): void {
    this.count = this.count * KEPT + 1;
    this.#x = this.#x * KEPT + bytes;
    this.#y = this.#y * KEPT + milliseconds;
    this.#xx = this.#xx * KEPT + bytes * bytes;
    this.#xy = this.#xy * KEPT + bytes * milliseconds;
    this.#yy = this.#yy * KEPT + milliseconds * milliseconds;
  }

  /** Milliseconds per byte, less so many standard errors. */
  leastSlope(errors: number): number {
    const count = this.count + USUAL_COUNT;
    const [x, y] = [this.#x / count, (this.#y + USUAL_COUNT * USUAL_MS) / count];
    const variance = this.#xx / count - x * x + NARROW_BYTES ** 2 / count;
    const covariance = this.#xy / count - x * y;
    const slope = covariance / variance;
    const rest = (this.#yy + USUAL_COUNT * USUAL_MS ** 2) / count - y * y - slope * covariance;
    return slope - errors * Math.sqrt((Math.max(0, rest) + SCATTER_MS ** 2) / (count * variance));
  }
}
