/**
 * Verifies archive objects after they were sent. They go out as they lie on the disk, as from any web server, and a
 * client refuses a corrupt one by itself; but the operator must hear of it as well. That waits until no more are
 * being sent.
 */
import type { Checksum } from '../ostree/checksum.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { verifyContent } from '../ostree/verify.ts';
import { QuietQueue, type QuietQueueOptions } from './quiet-queue.ts';

export type LateVerifierOptions = Omit<QuietQueueOptions, 'work'> & {
  readonly objects: ObjectSource;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
};

const MAX_REMEMBERED = 20_000;

export class LateVerifier {
  readonly #options: LateVerifierOptions;
  readonly #queue: QuietQueue;
  /** The version of the file by object, the last verified at the end. */
  readonly #verified = new Map<Checksum, string>();

  constructor(options: LateVerifierOptions) {
    this.#options = options;
    this.#queue = new QuietQueue({
      ...options,
      work: (checksum, version) => this.#verify(checksum, version),
    });
  }

  /** Takes note of an object that is being sent; `version` changes with its file. */
  sent(checksum: Checksum, version: string): void {
    if (this.#verified.get(checksum) === version) this.#queue.disturb();
    else this.#queue.add(checksum, version);
  }

  stop(): void {
    this.#queue.stop();
  }

  async #verify(checksum: Checksum, version: string): Promise<void> {
    const { objects, onFault } = this.#options;
    try {
      await verifyContent(await objects.content(checksum), checksum);
    } catch (error) {
      onFault(checksum, error);
    }
    this.#verified.delete(checksum);
    this.#verified.set(checksum, version);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > MAX_REMEMBERED && oldest !== undefined) this.#verified.delete(oldest);
  }
}
