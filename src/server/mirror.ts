/**
 * The HTTP mirror as a Fastify plugin: any ostree repository, served as an archive repository below the base
 * path, with a landing page and health checks beside it, all below the prefix the plugin is registered with.
 *
 * The instance is decorated with `mirror`, the state that the routes share. The plugin is encapsulated:
 * neither its hooks nor its decorators reach the app around it. It decodes raw URLs, so the app must not
 * rewrite the prefix away.
 */
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Logger } from 'pino';
import { messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { BackgroundVerifier } from './content/background-verifier.ts';
import { EncodedObjects } from './content/encoded-objects.ts';
import { createObjectAnswers, type ObjectAnswers } from './content/object-answers.ts';
import { healthRoutes } from './health.ts';
import { errorAnswer, notFoundAnswer } from './http/answer.ts';
import { NOT_STORED } from './http/caching.ts';
import { createFaultReporter } from './http/faults.ts';
import { refuseOddRequests } from './http/request-checks.ts';
import { logRequests } from './http/request-log.ts';
import { sendAnswer } from './http/send.ts';
import { createDocumentAnswers, type DocumentAnswers } from './live/document-answers.ts';
import { type FollowedRepository, followRepository } from './live/followed-repo.ts';
import { createLiveRepository, type LiveRepository } from './live/live-summary.ts';
import { type MirrorOptions, normaliseOptions, type Settings } from './options.ts';
import { landingRoutes } from './page/landing-routes.ts';
import { repoRoutes } from './repo-routes.ts';

/** What the routes of one mirror share. */
export type MirrorState = Pick<Settings, 'basePath' | 'assetsDir' | 'isDraining'> & {
  readonly logger: Logger;
  readonly followed: FollowedRepository;
  readonly live: LiveRepository;
  readonly documents: DocumentAnswers;
  readonly objects: ObjectAnswers;
};

declare module 'fastify' {
  interface FastifyInstance {
    readonly mirror: MirrorState;
  }
}

/** ERR_USAGE for a bad base path; ERR_CACHE_DIR if the cache directory cannot be used. */
export const mirror: FastifyPluginAsync<MirrorOptions> = async (app, options) => {
  const settings = normaliseOptions(options);
  app.decorate('mirror', await openMirror(app, settings));
  logRequests(app, settings.logger, settings.counters);
  app.addHook('onRequest', refuseOddRequests);
  app.setNotFoundHandler((_request, reply) => sendAnswer(reply, notFoundAnswer()));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // The router and @fastify/static refuse names that do not exist here.
    if (error.statusCode !== undefined && error.statusCode < 500) return sendAnswer(reply, notFoundAnswer());
    settings.logger.error({ url: request.raw.url }, messageOf(error));
    return sendAnswer(reply, errorAnswer(500, NOT_STORED, 'internal error'));
  });
  app.register(healthRoutes);
  app.register(landingRoutes);
  app.register(repoRoutes);
};

async function openMirror(app: FastifyInstance, settings: Settings): Promise<MirrorState> {
  const { basePath, assetsDir, isDraining, logger, counters, idleMs } = settings;
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
  const backgroundVerifier = new BackgroundVerifier({ objects: repo.objects, onFault, idleMs });
  app.addHook('onClose', async () => {
    closing.abort();
    backgroundVerifier.stop();
    encoded.stop();
    if (app.server.listening) app.server.once('close', () => closed.abort());
    else closed.abort();
  });
  const live = createLiveRepository(repo, logger);
  const documents = createDocumentAnswers(repo, live);
  const objects = createObjectAnswers({ repo, encoded, backgroundVerifier, counters, faults });
  return { basePath, assetsDir, isDraining, logger, followed, live, documents, objects };
}

function cacheOptions({ repo, cacheDir, cacheSize, logger }: Settings) {
  if (cacheDir === undefined) return undefined;
  return {
    directory: cacheDir,
    maxBytes: cacheSize,
    repositories: pathsOf(repo),
    onWriteFailure: (error: unknown) =>
      logger.warn(`cannot write the cache directory ${cacheDir}, going on without: ${messageOf(error)}`),
  };
}

/** The repository's path, and those of its parents. */
function pathsOf({ path, parent }: Repository): readonly string[] {
  return parent === undefined ? [path] : [path, ...pathsOf(parent)];
}
