/**
 * The virtual deltas that a server offers, one for each commit. A commit's delta is withdrawn for good when a
 * part of it comes out differently: clients then pull objects. Other errors may pass, so the next request for
 * the part tries again.
 */
import type { Logger } from 'pino';
import type { ErrorCode } from '../../base/error-codes.ts';
import { errnoOf, isTreeportError, messageOf } from '../../base/errors.ts';
import type { VirtualDelta } from '../../delta/virtual/virtual-delta.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { DeltaName } from '../../ostree/delta-name.ts';
import type { Counters } from '../http/counters.ts';

/** A superblock takes about half a megabyte; the oldest offers end. */
const MAX_OFFERED = 64;
/** The objects do not give the part, or cannot be in one. */
const LASTING: readonly ErrorCode[] = ['ERR_VIRTUAL_DELTA', 'ERR_DELTA_CORRUPT'];

export class VirtualDeltas {
  readonly #logger: Logger;
  readonly #counters: Counters;
  readonly #offered = new Map<Checksum, VirtualDelta>();
  readonly #withdrawn = new Set<Checksum>();

  constructor(logger: Logger, counters: Counters) {
    this.#logger = logger;
    this.#counters = counters;
  }

  /** Replaces the commit's delta, unless that was withdrawn. */
  offer(delta: VirtualDelta): void {
    if (this.#withdrawn.has(delta.to)) return;
    this.#offered.set(delta.to, delta);
    const [oldest] = this.#offered.keys();
    if (this.#offered.size > MAX_OFFERED && oldest !== undefined) this.#offered.delete(oldest);
  }

  find({ from, to }: DeltaName): VirtualDelta | undefined {
    return from === undefined ? this.#offered.get(to) : undefined;
  }

  isWithdrawn(commit: Checksum): boolean {
    return this.#withdrawn.has(commit);
  }

  /** Reports that a part cannot be made; returns whether that withdraws the delta. */
  failed(delta: VirtualDelta, part: number | undefined, error: unknown): 'withdrawn' | 'for now' {
    if (LASTING.some((code) => isTreeportError(error, code))) {
      this.#withdraw(delta, error);
      return 'withdrawn';
    }
    this.#counters.failedParts += 1;
    const code = isTreeportError(error) ? error.code : (errnoOf(error) ?? 'ERR_VIRTUAL_DELTA');
    this.#logger.error(
      { commit: delta.to, code },
      `${part === undefined ? 'a part' : `part ${part}`} of the virtual delta to ${delta.to} cannot be made: ${messageOf(error)}`,
    );
    return 'for now';
  }

  #withdraw(delta: VirtualDelta, error: unknown): void {
    this.#withdrawn.add(delta.to);
    if (!this.#offered.delete(delta.to)) return;
    this.#counters.withdrawnDeltas += 1;
    const code = isTreeportError(error) ? error.code : 'ERR_VIRTUAL_DELTA';
    this.#logger.error(
      { commit: delta.to, code },
      `the virtual delta to ${delta.to} is withdrawn: ${messageOf(error)}`,
    );
  }
}
