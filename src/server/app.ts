/**
 * The server: a Fastify instance with bounds on connections and strict parsing, the mirror's routes in it,
 * and the short way of objects before it.
 */
import type { RequestListener } from 'node:http';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { type Logger, pino } from 'pino';
import { notFoundAnswer } from './http/answer.ts';
import { type Counters, newCounters } from './http/counters.ts';
import { createHttpServer } from './http/http-server.ts';
import { normaliseTarget, refuseUnreadable } from './http/request-checks.ts';
import { sendAnswer } from './http/send.ts';
import { addMirror } from './mirror.ts';
import { openMirror } from './mirror-state.ts';
import { normaliseOptions, type ServerOptions } from './options.ts';
import { type ShortWay, shortWay } from './short-way.ts';

export type Server = {
  readonly app: FastifyInstance;
  readonly counters: Counters;
  /** Makes `/readyz` fail, because the server is shutting down. */
  startDraining(): void;
};

/** Creates the server without listening; ERR_USAGE, ERR_CACHE_DIR if the cache directory cannot be used. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { maxConnections, sendTimeoutMs, logger = pino({ level: 'silent' }), ...mirrorOptions } = options;
  const counters = newCounters();
  let draining = false;
  const isDraining = () => draining;
  const mirror = await openMirror(normaliseOptions({ ...mirrorOptions, logger, counters, isDraining }));
  const app = newFastify({ maxConnections, sendTimeoutMs }, logger, (longWay) => shortWay(mirror, longWay));
  app.register(async (scope) => addMirror(scope, mirror));
  await app.ready();
  return {
    app,
    counters,
    startDraining: () => {
      draining = true;
    },
  };
}

type HttpLimits = {
  readonly maxConnections: number | undefined;
  readonly sendTimeoutMs: number | undefined;
};

/** No route has a schema. Without these Fastify loads its compilers of schemas at every start. */
const NO_SCHEMAS = {
  buildValidator: noCompiler,
  buildSerializer: noCompiler,
};

function noCompiler(): never {
  throw new Error('no route has a schema');
}

/** `before` wraps Fastify's handler of requests. */
function newFastify(
  limits: HttpLimits,
  logger: Logger,
  before: (handler: RequestListener) => ShortWay,
): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = logger;
  const onLimit = (limit: number) =>
    logger.warn(
      `${limit} connections are open, closing the idlest; raise the limit of open files or run more servers`,
    );
  return fastify({
    loggerInstance,
    // A child logger for each request would cost as much as sending a small object.
    childLoggerFactory: () => loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
    serverFactory: (handler) => {
      const { listener, answerRepeated } = before(handler);
      return createHttpServer(listener, { ...limits, onLimit, answerRepeated });
    },
    rewriteUrl: (request) => normaliseTarget(request.url as string),
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    schemaController: { compilersFactory: NO_SCHEMAS },
    routerOptions: { maxParamLength: 8192 },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (_error, _request, reply) => sendAnswer(reply, notFoundAnswer()),
  });
}
