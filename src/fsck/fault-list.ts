/** The faults that fsck finds: the first with all that is known of them, the others counted by kind. */
import type { Fault, FaultKind } from './fault.ts';

/** An untrusted directory may name hundreds of thousands of objects that are not there. */
export const MAX_LISTED_FAULTS = 10_000;

export type FaultCounts = Readonly<Record<FaultKind, number>>;

export class FaultList {
  readonly listed: Fault[] = [];
  readonly #counts: Record<FaultKind, number> = { corrupt: 0, missing: 0, unreadable: 0 };

  get counts(): FaultCounts {
    return { ...this.#counts };
  }

  add(fault: Fault): void {
    this.#counts[fault.kind] += 1;
    if (this.listed.length < MAX_LISTED_FAULTS) this.listed.push(fault);
  }
}
