/**
 * Everything below the base path. There is one route: repo-path.ts parses the raw URL, and what does not
 * parse is a 404. Errors have no body (see reply.ts). Answers are never 429, 502 or 503, which old clients do
 * not survive, and never carry a Content-Encoding.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { errnoOf, isTreeportError, messageOf } from '../base/errors.ts';
import type { ObjectRoutes } from './content/object-routes.ts';
import { NOT_STORED } from './http/caching.ts';
import { sendError, sendNotFound } from './http/reply.ts';
import type { DocumentRoutes } from './live/document-routes.ts';
import type { FollowedRepository } from './live/followed-repo.ts';
import { parseRepoPath } from './repo-path.ts';

export type RepoRoutesOptions = {
  /** With a leading and without a trailing slash. */
  readonly basePath: string;
  readonly documents: DocumentRoutes;
  readonly objects: ObjectRoutes;
  readonly refresh: FollowedRepository['refresh'];
  readonly logger: Logger;
};

export async function repoRoutes(app: FastifyInstance, options: RepoRoutesOptions): Promise<void> {
  const { basePath, documents, objects, refresh, logger } = options;
  const prefix = `${basePath}/`;

  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    // The raw URL, because the router has decoded its own parameters.
    const url = request.raw.url as string;
    const query = url.indexOf('?');
    const path = query === -1 ? url : url.slice(0, query);
    const target = path.startsWith(prefix) ? parseRepoPath(path.slice(prefix.length)) : undefined;
    switch (target?.kind) {
      case undefined:
        return sendNotFound(reply);
      case 'content':
        return objects.content(request, reply, target.checksum);
      case 'metadata':
        return objects.metadata(request, reply, target.type, target.checksum);
      case 'config':
        return documents.config(request, reply);
      case 'summary':
        return documents.summary(request, reply);
      case 'summary-file':
        return documents.summaryFile(request, reply, target.path);
      case 'flatpak-file':
        return documents.flatpakFile(request, reply, target.path);
      case 'ref':
        return documents.ref(request, reply, target.root, target.name);
      case 'delta':
        return documents.delta(request, reply, target.name, target.file);
      case 'delta-index':
        return documents.deltaIndex(request, reply, target.to);
    }
  };

  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const changing = refresh();
    if (changing === undefined) return answer(request, reply);
    return changing.then(
      () => answer(request, reply),
      // Why is in the log already.
      () => sendError(reply, 500, NOT_STORED, 'the repository cannot be read'),
    );
  };

  app.route({ method: ['GET', 'HEAD'], url: `${prefix}*`, handler });
  app.setErrorHandler((error, request, reply) => {
    const code = isTreeportError(error) ? error.code : errnoOf(error);
    logger.error({ url: request.raw.url, code }, messageOf(error));
    return sendError(reply, 500, NOT_STORED, 'this file of the repository cannot be read');
  });
}
