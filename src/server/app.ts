/**
 * The HTTP mirror: any ostree repository, served as an archive repository below the base path, with a landing
 * page and health checks beside it. Wires the parts; each route is in its own file.
 */
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { messageOf } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { createBackgroundCompressor } from './content/background-compressor.ts';
import { BackgroundVerifier } from './content/background-verifier.ts';
import { CacheVerifier } from './content/cache-verifier.ts';
import { DiskCache } from './content/disk-cache.ts';
import { createEncoder, encoderId } from './content/encoder.ts';
import { createObjectRoutes } from './content/object-routes.ts';
import { healthRoutes } from './health.ts';
import { NOT_STORED } from './http/caching.ts';
import { type Counters, newCounters } from './http/counters.ts';
import { createFaultReporter } from './http/faults.ts';
import { createHttpServer } from './http/http-server.ts';
import { sendError, sendNotFound } from './http/reply.ts';
import { hasSeveralHosts, normaliseTarget, refuseUnreadable } from './http/request-checks.ts';
import { logRequests } from './http/request-log.ts';
import { createDocumentRoutes } from './live/document-routes.ts';
import { followRepository } from './live/followed-repo.ts';
import { createLiveRepository } from './live/live-summary.ts';
import { normaliseOptions, type ServerOptions, type Settings } from './options.ts';
import { landingRoutes } from './page/landing-routes.ts';
import { repoRoutes } from './repo-routes.ts';

export type Server = {
  readonly app: FastifyInstance;
  readonly counters: Counters;
  /** Makes `/readyz` answer that the server is going down. */
  startDraining(): void;
};

/** Makes the server without listening; ERR_CACHE_DIR if the cache directory cannot be written. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const settings = normaliseOptions(options);
  const { basePath, logger, assetsDir, idleMs } = settings;
  const followed = followRepository(settings.repo, { reopen: settings.reopen, logger });
  const { repo, refresh } = followed;
  const counters = newCounters();
  const faults = createFaultReporter(logger, counters);
  const cache = await openCache(settings);
  const live = createLiveRepository(repo, logger);
  const onFault = (checksum: Checksum, error: unknown) => faults.failed(`${checksum}.filez`, error);
  const { onDemand, cached } = settings.encoding;
  /** Aborted when the server begins to close, and when its last connection has closed. */
  const [closing, closed] = [new AbortController(), new AbortController()];
  const encoderAt = (level: number, itsCache: DiskCache | undefined) =>
    createEncoder({
      objects: repo.objects,
      level,
      cache: itsCache,
      counters,
      onStreamFault: onFault,
      signal: closed.signal,
    });
  const fillsLater = cache !== undefined && onDemand !== cached;
  const encode = encoderAt(onDemand, fillsLater ? undefined : cache);
  const encodeForCache = fillsLater ? encoderAt(cached, cache) : encode;
  const backgroundCompressor =
    cache === undefined
      ? undefined
      : createBackgroundCompressor({
          cache,
          encode: encodeForCache,
          onFault,
          signal: closing.signal,
          idleMs,
        });
  const cacheVerifier =
    cache === undefined || backgroundCompressor === undefined
      ? undefined
      : new CacheVerifier({
          cache,
          refill: (checksum) => backgroundCompressor.add(checksum),
          logger,
          idleMs,
        });
  const backgroundVerifier = new BackgroundVerifier({ objects: repo.objects, onFault, idleMs });
  const draining = { is: false };

  const app = newFastify(settings);
  logRequests(app, logger, counters);
  app.addHook('onRequest', (request, reply, done) => {
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (isGet && !hasSeveralHosts(request.raw.rawHeaders)) return done();
    reply.header('connection', 'close');
    if (isGet) return void sendError(reply, 400, NOT_STORED);
    reply.header('allow', 'GET, HEAD');
    sendError(reply, 405, NOT_STORED);
  });
  app.setNotFoundHandler((_request, reply) => sendNotFound(reply));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // What the router or @fastify/static refuse is a name that does not exist here.
    if (error.statusCode !== undefined && error.statusCode < 500) return sendNotFound(reply);
    logger.error({ url: request.raw.url }, messageOf(error));
    return sendError(reply, 500, NOT_STORED, 'internal error');
  });
  app.register(healthRoutes, { followed, live, isDraining: () => draining.is });
  app.register(landingRoutes, { basePath, assetsDir, live, refresh, objects: repo.objects });
  const documents = createDocumentRoutes(repo, live);
  const objects = createObjectRoutes({
    repo,
    encoding: settings.encoding,
    cache,
    backgroundCompressor: fillsLater ? backgroundCompressor : undefined,
    cacheVerifier,
    encode,
    counters,
    faults,
    backgroundVerifier,
  });
  app.addHook('onClose', async () => {
    closing.abort();
    backgroundVerifier.stop();
    cacheVerifier?.stop();
    backgroundCompressor?.stop();
    cache?.close();
    if (app.server.listening) app.server.once('close', () => closed.abort());
    else closed.abort();
  });
  app.register(repoRoutes, { basePath, documents, objects, refresh, logger });
  await app.ready();
  return {
    app,
    counters,
    startDraining: () => {
      draining.is = true;
    },
  };
}

function newFastify({ logger, maxConnections, sendTimeoutMs }: Settings): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger;
  const onLimit = (limit: number) =>
    logger.warn(
      `${limit} connections are open, closing the idlest; raise the limit of open files or run more servers`,
    );
  return fastify({
    loggerInstance,
    // A logger of its own for each request costs as much as sending a small object.
    childLoggerFactory: () => loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    serverFactory: (handler) => createHttpServer(handler, { maxConnections, sendTimeoutMs, onLimit }),
    rewriteUrl: (request) => normaliseTarget(request.url as string),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 8192 },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (_error, _request: FastifyRequest, reply) => sendNotFound(reply),
  });
}

async function openCache({
  repo,
  cacheDir,
  cacheSize,
  encoding,
  logger,
}: Settings): Promise<DiskCache | undefined> {
  if (cacheDir === undefined) return undefined;
  return DiskCache.open({
    directory: cacheDir,
    maxBytes: cacheSize,
    encoder: encoderId(encoding.cached),
    repositories: pathsOf(repo),
    onWriteFailure: (error) =>
      logger.warn(`cannot write the cache directory ${cacheDir}, going on without: ${messageOf(error)}`),
  });
}

/** The repository's path, and those of its parents. */
function pathsOf({ path, parent }: Repository): readonly string[] {
  return parent === undefined ? [path] : [path, ...pathsOf(parent)];
}
