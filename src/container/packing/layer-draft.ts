/** A layer in the making: what it costs, now and in the updates to come, with and without a unit. */
import { changeChance, HORIZON_UPDATES, LAYER_OVERHEAD, NEWCOMER_RATE } from './expected-cost.ts';
import type { Unit } from './unit.ts';

export type LayerOrigin = {
  /** Its index in the previous plan; undefined for a new layer. */
  readonly prior: number | undefined;
  /** The previous plan had members in it that are gone. */
  readonly lost: boolean;
  /** Units are not moved into it or out of it. */
  readonly apart: boolean;
  /** Takes packages that are new to the system. */
  readonly newcomers: boolean;
};

export class LayerDraft {
  readonly origin: LayerOrigin;
  readonly units: Set<Unit> = new Set();
  /** Units that the previous plan has in it. */
  readonly #before = new Set<Unit>();
  readonly #groups = new Map<string, number>();
  #size = 0;
  #rate: number;
  /** Units that make it differ from the layer before: from elsewhere, altered, or missing. */
  #changes = 0;

  constructor(origin: LayerOrigin) {
    this.origin = origin;
    this.#rate = origin.newcomers ? NEWCOMER_RATE : 0;
  }

  /** Adds a unit that the previous plan has in this layer. */
  keep(unit: Unit): void {
    this.#before.add(unit);
    this.#changes += 1;
    this.add(unit);
  }

  add(unit: Unit): void {
    this.units.add(unit);
    this.#size += unit.size;
    this.#changes += this.#changeBy(unit);
    const others = this.#groups.get(unit.group) ?? 0;
    this.#groups.set(unit.group, others + 1);
    if (others === 0) this.#rate += unit.rate;
  }

  remove(unit: Unit): void {
    this.units.delete(unit);
    this.#size -= unit.size;
    this.#changes -= this.#changeBy(unit);
    const others = (this.#groups.get(unit.group) ?? 1) - 1;
    this.#groups.set(unit.group, others);
    if (others === 0) this.#rate -= unit.rate;
  }

  get moved(): number {
    return this.#moved(this.#size, this.#changes);
  }

  /** Bytes of an update. */
  get expected(): number {
    return expectedOf(this.#size, this.#rate, this.units.size);
  }

  /** The bytes of this update, and of those to come up to the horizon. */
  get cost(): number {
    return this.moved + HORIZON_UPDATES * this.expected;
  }

  costWith(unit: Unit): number {
    const rate = this.#rate + (this.#groups.get(unit.group) ? 0 : unit.rate);
    return this.#costOf(
      this.#size + unit.size,
      rate,
      this.units.size + 1,
      this.#changes + this.#changeBy(unit),
    );
  }

  costWithout(unit: Unit): number {
    const rate = this.#rate - (this.#groups.get(unit.group) === 1 ? unit.rate : 0);
    return this.#costOf(
      this.#size - unit.size,
      rate,
      this.units.size - 1,
      this.#changes - this.#changeBy(unit),
    );
  }

  /** What a unit that is in the layer adds to its changes: one that belongs here takes one away. */
  #changeBy(unit: Unit): number {
    if (!this.#before.has(unit)) return 1;
    return unit.altered ? 0 : -1;
  }

  #costOf(size: number, rate: number, count: number, changes: number): number {
    return this.#moved(size, changes) + HORIZON_UPDATES * expectedOf(size, rate, count);
  }

  #moved(size: number, changes: number): number {
    return this.origin.lost || changes > 0 ? size : 0;
  }
}

function expectedOf(size: number, rate: number, count: number): number {
  return count === 0 ? 0 : (size + LAYER_OVERHEAD) * changeChance(rate);
}
