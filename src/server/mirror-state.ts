/**
 * What the requests to one mirror share: the repository, the objects and documents made of it, and the answer
 * to every URL below the base path. Knows nothing of Fastify, so that its plugin (mirror.ts) and a handler of
 * node:http (short-way.ts) use the same.
 */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { BackgroundVerifier } from './content/background-verifier.ts';
import { pathsOf } from './content/cache-directory.ts';
import { DiskCache } from './content/disk-cache.ts';
import { EncodedObjects } from './content/encoded-objects.ts';
import { createObjectAnswers } from './content/object-answers.ts';
import { sentContent } from './content/ready-answers.ts';
import { PARTS_FOLDER, VirtualParts } from './content/virtual-parts.ts';
import { createFaultReporter } from './http/faults.ts';
import type { RequestLog } from './http/request-log.ts';
import { createDocumentAnswers } from './live/document-answers.ts';
import { type FollowedRepository, followRepository } from './live/followed-repo.ts';
import { createLiveRepository, type LiveRepository } from './live/live-summary.ts';
import { createVirtualAnswers } from './live/virtual-answers.ts';
import { VirtualDeltas } from './live/virtual-deltas.ts';
import { VirtualService } from './live/virtual-service.ts';
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
  const encoded = await EncodedObjects.open({
    objects: repo.objects,
    deflateLevel: settings.deflateLevel,
    cache: cacheOptions(settings),
    counters,
    onFault,
    logger,
    idleMs,
    closing: closing.signal,
    closed: closed.signal,
  });
  const backgroundVerifier = new BackgroundVerifier({ objects: sentContent(repo), onFault, idleMs });
  const live = createLiveRepository(repo, logger, settings.summarySigners);
  const virtual = await openVirtual(settings, { repo, live, signal: closing.signal });
  const documents = createDocumentAnswers(repo, live, virtual?.answers);
  const objects = createObjectAnswers({ repo, encoded, backgroundVerifier, counters, faults });
  return {
    basePath,
    assetsDir,
    isDraining,
    logger,
    requestLog,
    followed,
    live,
    answers: createRepoAnswers({ followed, objects, documents, logger }),
    isClosing: () => closing.signal.aborted,
    close(server) {
      closing.abort();
      backgroundVerifier.stop();
      encoded.stop();
      void virtual?.close();
      if (server.listening) server.once('close', () => closed.abort());
      else closed.abort();
    },
  };
}

type VirtualContext = {
  readonly repo: Repository;
  readonly live: LiveRepository;
  readonly signal: AbortSignal;
};

/** Undefined if no virtual deltas are offered. */
async function openVirtual(settings: Settings, { repo, live, signal }: VirtualContext) {
  const { virtualDeltas: profile, counters, logger } = settings;
  if (profile === 'none') return undefined;
  const options = cacheOptions(settings);
  const cache = options && (await DiskCache.open({ ...options, encoder: PARTS_FOLDER }));
  const parts = new VirtualParts({ objects: repo.objects, cache, counters });
  const deltas = new VirtualDeltas(logger, counters);
  const service = new VirtualService({ profile, repo, live, deltas, parts, logger, signal });
  // Before the server listens, so that the first client is offered them.
  await service.start();
  const onAsked = (commit: Checksum) => void service.asked(commit).catch(() => {});
  return {
    answers: createVirtualAnswers({ live, deltas, parts, onAsked }),
    close: async () => {
      await service.close();
      await parts.close();
    },
  };
}

/** Parts of virtual deltas get half of the cache. */
function cacheOptions({ repo, cacheDir, cacheSize, virtualDeltas, logger }: Settings) {
  if (cacheDir === undefined) return undefined;
  return {
    directory: cacheDir,
    maxBytes: virtualDeltas === 'none' ? cacheSize : cacheSize / 2,
    repositories: pathsOf(repo),
    onWriteFailure: (error: unknown) =>
      logger.warn(`cannot write the cache directory ${cacheDir}, going on without: ${messageOf(error)}`),
  };
}
