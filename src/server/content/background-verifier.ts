/**
 * Verifies archive objects after they were sent. They go out as they lie on the disk, as from any web server, and a
 * client refuses a corrupt one by itself; but the operator must hear of it, and caches in between must not keep it.
 * Verification runs when the server is idle. A file that was found corrupt is remembered for as long as it stays the same.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { IdleQueue, type IdleQueueOptions } from './idle-queue.ts';

export type BackgroundVerifierOptions = Omit<IdleQueueOptions, 'work'> & {
  readonly objects: ObjectSource;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
};

type Verdict = { readonly version: string; readonly isCorrupt: boolean };

const MAX_REMEMBERED = 20_000;

export class BackgroundVerifier {
  readonly #options: BackgroundVerifierOptions;
  readonly #queue: IdleQueue;
  readonly #stopping = new AbortController();
  /** By object, the last verified at the end. */
  readonly #verdicts = new Map<Checksum, Verdict>();

  constructor(options: BackgroundVerifierOptions) {
    this.#options = options;
    this.#queue = new IdleQueue({
      ...options,
      work: (checksum, version) => this.#verify(checksum, version),
    });
  }

  /** Takes note of an object that is being sent; `version` changes with its file. */
  sent(checksum: Checksum, version: string): void {
    if (this.#verdicts.get(checksum)?.version === version) this.#queue.disturb();
    else this.#queue.add(checksum, version);
  }

  /** True if this version of the object's file was found corrupt. */
  isCorrupt(checksum: Checksum, version: string): boolean {
    const verdict = this.#verdicts.get(checksum);
    return verdict?.isCorrupt === true && verdict.version === version;
  }

  /** Ends verification, that of a large object in the middle. */
  stop(): void {
    this.#stopping.abort();
    this.#queue.stop();
  }

  async #verify(checksum: Checksum, version: string): Promise<void> {
    const { objects, onFault } = this.#options;
    const { signal } = this.#stopping;
    let isCorrupt = false;
    try {
      await readVerified(objects, checksum, signal);
    } catch (error) {
      if (signal.aborted) return;
      isCorrupt = isTreeportError(error, 'ERR_OBJECT_CORRUPT');
      onFault(checksum, error);
    }
    this.#verdicts.delete(checksum);
    this.#verdicts.set(checksum, { version, isCorrupt });
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MAX_REMEMBERED && oldest !== undefined) this.#verdicts.delete(oldest);
  }
}

/** Reads a content object to its end; ERR_OBJECT_CORRUPT unless its bytes give the id. Rejects when `signal` is aborted. */
export async function readVerified(
  objects: Pick<ObjectSource, 'content'>,
  checksum: Checksum,
  signal: AbortSignal,
): Promise<void> {
  const pieces = verifiedStream(await objects.content(checksum), checksum);
  for await (const _piece of pieces) signal.throwIfAborted();
}
