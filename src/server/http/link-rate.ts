/**
 * How fast a link has been at its best in the last seconds, by the answers that arrived over all connections
 * of a client together. An answer counts evenly for the time that it took.
 *
 * The client's own work, a busy machine and a server that encodes make a link look slower than it is. Nothing
 * makes it look faster. So the best of many short windows, and of many large answers, is what the link can
 * do at least, and a link of 100 Mbit/s never shows more than its 12.5 MB/s for long.
 *
 * A client has eight connections. More at a time are those of several clients behind one address, which share
 * the rate.
 */

const SLOT_MS = 25;
/** A window is so many slots, and its rate that of the answers in it. */
const WINDOW_SLOTS = 4;
/** Slots that are remembered: four seconds. */
const SLOTS = 160;
/** An answer of so many bytes is more than the buffers on the way have room for. */
const LARGE_BYTES = 128 * 1024;
/** Connections of one client; libostree opens no more. */
const CONNECTIONS = 8;

const WINDOW_MS = SLOT_MS * WINDOW_SLOTS;

export class LinkRate {
  /** By slot, modulo {@link SLOTS}; the latest slot is `#latest`. */
  readonly #bytes = new Float64Array(SLOTS);
  /** Milliseconds that answers were under way, added up over connections. */
  readonly #busy = new Float64Array(SLOTS);
  /** Bytes per millisecond of the fastest large answer that ended in a slot. */
  readonly #alone = new Float64Array(SLOTS);
  #latest = 0;

  /** Records an answer of so many bytes that arrived between these times, in milliseconds. */
  took(bytes: number, from: number, to: number): void {
    const last = this.#moveTo(to);
    const begin = Math.min(from, to - 1);
    const perMs = bytes / (to - begin);
    if (bytes >= LARGE_BYTES) {
      const at = last % SLOTS;
      this.#alone[at] = Math.max(this.#alone[at] as number, perMs);
    }
    const first = Math.max(Math.floor(begin / SLOT_MS), this.#latest - SLOTS + 1);
    for (let slot = first; slot <= last; slot++) {
      const ms = Math.min(to, (slot + 1) * SLOT_MS) - Math.max(begin, slot * SLOT_MS);
      const at = slot % SLOTS;
      this.#bytes[at] = (this.#bytes[at] as number) + perMs * ms;
      this.#busy[at] = (this.#busy[at] as number) + ms;
    }
  }

  /** Bytes per millisecond of the best window, or the best large answer, of the last seconds. */
  best(now: number): number {
    this.#moveTo(now);
    let [bytes, busy, best] = [0, 0, Math.max(...this.#alone)];
    for (let slot = this.#latest - SLOTS + 1; slot <= this.#latest; slot++) {
      bytes += this.#of(this.#bytes, slot);
      busy += this.#of(this.#busy, slot);
      const before = slot - WINDOW_SLOTS;
      if (before > this.#latest - SLOTS) {
        bytes -= this.#of(this.#bytes, before);
        busy -= this.#of(this.#busy, before);
      }
      best = Math.max(best, bytes / Math.max(WINDOW_MS, busy / CONNECTIONS));
    }
    return best;
  }

  /** Of the last seconds, the milliseconds in which answers were under way. */
  measured(now: number): number {
    this.#moveTo(now);
    return this.#busy.reduce((sum, ms) => sum + Math.min(SLOT_MS, ms), 0);
  }

  #of(values: Float64Array, slot: number): number {
    return slot < 0 ? 0 : (values[slot % SLOTS] as number);
  }

  /** Forgets what is too old; returns the slot of this time. */
  #moveTo(time: number): number {
    const slot = Math.floor(time / SLOT_MS);
    for (let next = Math.max(this.#latest, slot - SLOTS) + 1; next <= slot; next++) {
      this.#bytes[next % SLOTS] = 0;
      this.#busy[next % SLOTS] = 0;
      this.#alone[next % SLOTS] = 0;
    }
    this.#latest = Math.max(this.#latest, slot);
    return slot;
  }
}
