/**
 * What the requests to one mirror share: the repository, the objects and documents made of it, and the answer
 * to every URL below the base path. Knows nothing of Fastify, so that its plugin (mirror.ts) and a handler of
 * node:http (short-way.ts) use the same.
 */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { BackgroundVerifier } from './content/background-verifier.ts';
import { pathsOf } from './content/cache-directory.ts';
import type { DiskCacheOptions } from './content/disk-cache.ts';
import { EncodedObjects } from './content/encoded-objects.ts';
import { createObjectAnswers } from './content/object-answers.ts';
import { sentContent } from './content/ready-answers.ts';
import { createFaultReporter } from './http/faults.ts';
import type { RequestLog } from './http/request-log.ts';
import { createDocumentAnswers } from './live/document-answers.ts';
import { type FollowedRepository, followRepository } from './live/followed-repo.ts';
import { createLiveRepository, type LiveRepository } from './live/live-summary.ts';
import { type OpenedVirtual, openVirtual } from './open-virtual.ts';
import type { Settings } from './options.ts';
import { createRepoAnswers, type RepoAnswers } from './repo-answers.ts';

export type MirrorState = Pick<Settings, 'basePath' | 'assetsDir' | 'isDraining'> & {
  readonly logger: Logger;
  readonly requestLog: RequestLog;
  readonly followed: FollowedRepository;
  readonly live: LiveRepository;
  readonly answers: RepoAnswers;
  /** Whether {@link MirrorState.close} was called. */
  isClosing(): boolean;
  /** Ends background work, and every encoding when the last connection of `server` has closed. */
  close(server: Server): void;
};

/** ERR_CACHE_DIR if the cache directory cannot be used. */
export async function openMirror(settings: Settings): Promise<MirrorState> {
  const { basePath, assetsDir, isDraining, logger, requestLog, counters, idleMs } = settings;
  const followed = followRepository(settings.repo, { reopen: settings.reopen, logger });
  const { repo } = followed;
  const faults = createFaultReporter(logger, counters);
  const onFault = (checksum: Checksum, error: unknown) => faults.failed(`${checksum}.filez`, error);
  /** Aborted when the server begins to close, and when its last connection has closed. */
  const [closing, closed] = [new AbortController(), new AbortController()];
  const virtual: { opened?: OpenedVirtual | undefined } = {};
  const cache = cacheOptions(settings, () => virtual.opened?.cachedBytes() ?? 0);
  const encoded = await EncodedObjects.open({
    objects: repo.objects,
    deflateLevel: settings.deflateLevel,
    cache,
    counters,
    onFault,
    logger,
    idleMs,
    closing: closing.signal,
    closed: closed.signal,
  });
  const backgroundVerifier = new BackgroundVerifier({ objects: sentContent(repo), onFault, idleMs });
  const live = createLiveRepository(repo, logger, settings.summarySigners);
  virtual.opened = await openVirtual({ settings, repo, live, cache, signal: closing.signal });
  const documents = createDocumentAnswers(repo, live, virtual.opened?.answers);
  const objects = createObjectAnswers({ repo, encoded, backgroundVerifier, counters, faults });
  return {
    basePath,
    assetsDir,
    isDraining,
    logger,
    requestLog,
    followed,
    live,
    answers: createRepoAnswers({ followed, objects, documents, logger, watch: virtual.opened?.watch }),
    isClosing: () => closing.signal.aborted,
    close(server) {
      closing.abort();
      backgroundVerifier.stop();
      encoded.stop();
      void virtual.opened?.close();
      if (server.listening) server.once('close', () => closed.abort());
      else closed.abort();
    },
  };
}

/** The cache of objects. Parts of virtual deltas get up to half of it; of `auto` only while there are any. */
function cacheOptions(
  { repo, cacheDir, cacheSize, virtualDeltas, logger }: Settings,
  reservedBytes: () => number,
): Omit<DiskCacheOptions, 'encoder'> | undefined {
  if (cacheDir === undefined) return undefined;
  return {
    directory: cacheDir,
    maxBytes: cacheSize,
    reservedBytes:
      virtualDeltas === 'auto' ? reservedBytes : () => (virtualDeltas === 'none' ? 0 : cacheSize / 2),
    repositories: pathsOf(repo),
    onWriteFailure: (error: unknown) =>
      logger.warn(`cannot write the cache directory ${cacheDir}, going on without: ${messageOf(error)}`),
  };
}
