/**
 * Virtual deltas where they serve a client better than objects: offered to clients that are far away
 * (round-trips.ts), when all parts are in the cache. The parts are made when such clients have pulled a
 * commit as objects, and the server is idle. Nothing is loaded, opened or made before a client asks that
 * would gain (docs/decisions/0111-virtual-deltas-by-default.md).
 */
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Answer, Request } from '../http/answer.ts';
import { fetchesDeltasAlone } from '../http/client-version.ts';
import type { RoundTrips } from '../http/round-trips.ts';
import type { VirtualAnswers } from './virtual-answers.ts';

/** Pulls of a commit as objects after which the parts are made: they cost the server as much as the parts. */
const PULLS = 2;
/** Commits whose pulls are counted. */
const MAX_COUNTED = 64;
/** A client has up to eight connections; updates fetch fewer objects. */
const SHARE_OF_CONNECTION = 1 / 32;
/** Objects of a commit whose delta is not known. */
const USUAL_OBJECTS = 16_000;

export type OfferedDeltas = {
  readonly answers: VirtualAnswers;
  /** How many objects the parts of the commit's delta have; undefined if there is no delta. */
  objectsOf(commit: Checksum): number | undefined;
  /** Whether all parts of the commit's delta are in the cache. */
  isReady(commit: Checksum): boolean;
  /** Makes what is missing in the background. */
  prepare(commit: Checksum): void;
  /** Bytes of the parts in the cache. */
  cachedBytes(): number;
  close(): Promise<void>;
};

export type AutoDeltasOptions = {
  /** Opens what makes and serves the deltas. */
  readonly open: () => Promise<OfferedDeltas>;
  readonly roundTrips: RoundTrips;
  readonly logger: Logger;
};

export class AutoDeltas implements VirtualAnswers {
  readonly #options: AutoDeltasOptions;
  readonly #pulls = new Map<Checksum, number>();
  #opening: Promise<OfferedDeltas | undefined> | undefined;
  #offered: OfferedDeltas | undefined;

  constructor(options: AutoDeltasOptions) {
    this.#options = options;
  }

  file(...[request, name, file]: Parameters<VirtualAnswers['file']>): ReturnType<VirtualAnswers['file']> {
    // A client may have its index from before the server was restarted.
    if (name.from !== undefined || !fetchesDeltasAlone(request.headers)) return undefined;
    return this.#opened().then((offered) => offered?.answers.file(request, name, file));
  }

  async index(...[request, to, carried]: Parameters<VirtualAnswers['index']>): Promise<Answer | undefined> {
    if (!fetchesDeltasAlone(request.headers) || !this.#options.roundTrips.isFar(request)) return undefined;
    const offered = await this.#opened();
    if (offered === undefined) return undefined;
    if (offered.isReady(to)) return offered.answers.index(request, to, carried);
    this.#count(request, to, offered);
    return undefined;
  }

  cachedBytes(): number {
    return this.#offered?.cachedBytes() ?? 0;
  }

  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }

  #opened(): Promise<OfferedDeltas | undefined> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<OfferedDeltas | undefined> {
    const { open, logger } = this.#options;
    try {
      this.#offered = await open();
    } catch (error) {
      logger.warn(`no virtual deltas are offered: ${messageOf(error)}`);
    }
    return this.#offered;
  }

  #count(request: Request, to: Checksum, offered: OfferedDeltas): void {
    const objects = Math.ceil((offered.objectsOf(to) ?? USUAL_OBJECTS) * SHARE_OF_CONNECTION);
    this.#options.roundTrips.whenPulled(request, objects, () => {
      const pulls = (this.#pulls.get(to) ?? 0) + 1;
      this.#pulls.delete(to);
      if (pulls >= PULLS) return offered.prepare(to);
      this.#pulls.set(to, pulls);
      const [oldest] = this.#pulls.keys();
      if (this.#pulls.size > MAX_COUNTED && oldest !== undefined) this.#pulls.delete(oldest);
    });
  }
}
