/**
 * Verifies archive objects after they were sent. They go out as they lie on the disk, as from any web server, and a
 * client refuses a corrupt one by itself; but the operator must hear of it as well. That waits until no more are
 * being sent, so that it never competes with clients.
 *
 * Bounded: of very many objects the last ones are verified, each once as long as its file does not change.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { verifyContent } from '../ostree/verify.ts';

export type LateVerifierOptions = {
  readonly objects: ObjectSource;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
  /** How long nothing must have been sent before work begins; 3 s by default. */
  readonly quietMs?: number;
};

/** Longer than a client pauses between requests to write to its disk. */
const QUIET_MS = 3000;
const MAX_WAITING = 20_000;
const MAX_REMEMBERED = 20_000;

export class LateVerifier {
  readonly #options: LateVerifierOptions;
  /** What was sent: the version of the file by object. */
  readonly #waiting = new Map<Checksum, string>();
  readonly #verified = new Map<Checksum, string>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: LateVerifierOptions) {
    this.#options = options;
  }

  /** Takes note of an object that is being sent; `version` changes with its file. */
  sent(checksum: Checksum, version: string): void {
    if (this.#isStopped) return;
    if (this.#verified.get(checksum) !== version) keep(this.#waiting, checksum, version, MAX_WAITING);
    if (this.#waiting.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#work(), this.#options.quietMs ?? QUIET_MS).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  /** Goes on until all is done, or until something is sent again, which starts a new wait. */
  async #work(): Promise<void> {
    this.#timer = undefined;
    for (const [checksum, version] of this.#waiting) {
      this.#waiting.delete(checksum);
      await this.#verify(checksum, version);
      await nextTurn();
      if (this.#timer !== undefined || this.#isStopped) return;
    }
  }

  async #verify(checksum: Checksum, version: string): Promise<void> {
    const { objects, onFault } = this.#options;
    try {
      await verifyContent(await objects.content(checksum), checksum);
    } catch (error) {
      onFault(checksum, error);
    }
    keep(this.#verified, checksum, version, MAX_REMEMBERED);
  }
}

/** Sets the entry as the newest; the oldest goes if there are too many. */
function keep(map: Map<Checksum, string>, checksum: Checksum, version: string, max: number): void {
  map.delete(checksum);
  map.set(checksum, version);
  const [oldest] = map.keys();
  if (map.size > max && oldest !== undefined) map.delete(oldest);
}
