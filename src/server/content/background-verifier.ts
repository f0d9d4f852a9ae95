/**
 * Verifies archive objects after they were sent. They are sent unchanged from disk, and clients refuse
 * corrupt ones by themselves; but the operator must learn of the corruption, and caching proxies must not
 * keep such an object. Verification runs when the server is idle. Verdicts are remembered for as long as the
 * file stays the same.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ContentObject } from '../../ostree/object-source.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { IdleQueue, type IdleQueueOptions } from './idle-queue.ts';

/** Where the bytes that were sent are read again. */
export type ContentSource = { content(checksum: Checksum): Promise<ContentObject> };

export type BackgroundVerifierOptions = Omit<IdleQueueOptions, 'work'> & {
  readonly objects: ContentSource;
  readonly onFault: (checksum: Checksum, error: unknown) => void;
};

type Verdict = { readonly version: string; readonly isCorrupt: boolean };

const MAX_REMEMBERED = 20_000;

export class BackgroundVerifier {
  readonly #options: BackgroundVerifierOptions;
  readonly #queue: IdleQueue;
  readonly #stopping = new AbortController();
  /** By object, most recently verified last. */
  readonly #verdicts = new Map<Checksum, Verdict>();

  constructor(options: BackgroundVerifierOptions) {
    this.#options = options;
    this.#queue = new IdleQueue({
      ...options,
      work: (checksum, version) => this.#verify(checksum, version),
    });
  }

  /** Queues an object that is being sent; `version` changes with its file. */
  sent(checksum: Checksum, version: string): void {
    if (this.#verdicts.get(checksum)?.version === version) this.#queue.disturb();
    else this.#queue.add(checksum, version);
  }

  /** Whether this version of the object's file was found corrupt. */
  isCorrupt(checksum: Checksum, version: string): boolean {
    const verdict = this.#verdicts.get(checksum);
    return verdict?.isCorrupt === true && verdict.version === version;
  }

  /** Ends verification, even in the middle of a large object. */
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

/**
 * Reads a content object to its end; ERR_OBJECT_CORRUPT unless the checksum matches. Rejects when `signal` is
 * aborted.
 */
export async function readVerified(
  objects: ContentSource,
  checksum: Checksum,
  signal: AbortSignal,
): Promise<void> {
  const pieces = verifiedStream(await objects.content(checksum), checksum);
  for await (const _piece of pieces) signal.throwIfAborted();
}
