/**
 * The HTTP mirror as a Fastify plugin: any ostree repository, served as an archive repository below the base
 * path, with a landing page and health checks beside it, all below the prefix the plugin is registered with.
 *
 * The instance is decorated with `mirror`, the state that the routes share. The plugin is encapsulated:
 * neither its hooks nor its decorators reach the app around it. It decodes raw URLs, so the app must not
 * rewrite the prefix away.
 */
import type { FastifyError, FastifyInstance, FastifyPluginAsync } from 'fastify';
import { messageOf } from '../base/errors.ts';
import { healthRoutes } from './health.ts';
import { errorAnswer, notFoundAnswer } from './http/answer.ts';
import { NOT_STORED } from './http/caching.ts';
import { refuseOddRequests } from './http/request-checks.ts';
import { sendAnswer } from './http/send.ts';
import { type MirrorState, openMirror } from './mirror-state.ts';
import { type MirrorOptions, normaliseOptions } from './options.ts';
import { landingRoutes } from './page/landing-routes.ts';

declare module 'fastify' {
  interface FastifyInstance {
    readonly mirror: MirrorState;
  }
}

/** ERR_USAGE for a bad base path; ERR_CACHE_DIR if the cache directory cannot be used. */
export const mirror: FastifyPluginAsync<MirrorOptions> = async (app, options) => {
  addMirror(app, await openMirror(normaliseOptions(options)));
};

/** Adds the routes of a mirror to an instance of its own, and closes the mirror with it. */
export function addMirror(app: FastifyInstance, state: MirrorState): void {
  const { logger, requestLog, answers, basePath } = state;
  app.decorate('mirror', state);
  app.addHook('onClose', async () => state.close(app.server));
  app.addHook('onResponse', (request, reply, done) => {
    requestLog.answered(request.raw, reply.statusCode, reply.elapsedTime);
    done();
  });
  app.addHook('onRequest', refuseOddRequests);
  app.setNotFoundHandler((_request, reply) => sendAnswer(reply, notFoundAnswer()));
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // The router and @fastify/static refuse names that do not exist here.
    if (error.statusCode !== undefined && error.statusCode < 500) return sendAnswer(reply, notFoundAnswer());
    logger.error({ url: request.raw.url }, messageOf(error));
    return sendAnswer(reply, errorAnswer(500, NOT_STORED, 'internal error'));
  });
  app.register(healthRoutes);
  app.register(landingRoutes);
  const prefix = `${app.prefix}${basePath}/`;
  app.route({
    method: ['GET', 'HEAD'],
    url: `${basePath}/*`,
    handler: async (request, reply) => sendAnswer(reply, await answers(request.raw, prefix)),
  });
}
