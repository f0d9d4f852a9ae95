/**
 * Everything below the base path. There is one route: repo-path.ts parses the raw URL, and a path that does
 * not parse is a 404. Answers are never 429, 502 or 503, which break old clients.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errnoOf, isTreeportError, messageOf } from '../base/errors.ts';
import { type Answer, errorAnswer, notFoundAnswer } from './http/answer.ts';
import { NOT_STORED } from './http/caching.ts';
import { sendAnswer } from './http/send.ts';
import { parseRepoPath } from './repo-path.ts';

/** `app` is decorated with the mirror's state (mirror.ts). */
export async function repoRoutes(app: FastifyInstance): Promise<void> {
  const { documents, objects, followed, logger, basePath } = app.mirror;
  const prefix = `${app.prefix}${basePath}/`;

  const answer = (request: FastifyRequest): Answer | Promise<Answer> => {
    // The raw URL, because the router has decoded its own parameters.
    const url = request.raw.url as string;
    const query = url.indexOf('?');
    const path = query === -1 ? url : url.slice(0, query);
    const target = path.startsWith(prefix) ? parseRepoPath(path.slice(prefix.length)) : undefined;
    switch (target?.kind) {
      case undefined:
        return notFoundAnswer();
      case 'content':
        return objects.content(request, target.checksum);
      case 'metadata':
        return objects.metadata(request, target.type, target.checksum);
      case 'config':
        return documents.config(request);
      case 'summary':
        return documents.summary(request);
      case 'summary-file':
        return documents.summaryFile(request, target.path);
      case 'flatpak-file':
        return documents.flatpakFile(request, target.path);
      case 'ref':
        return documents.ref(request, target.root, target.name);
      case 'delta':
        return documents.delta(request, target.name, target.file);
      case 'delta-index':
        return documents.deltaIndex(request, target.to);
    }
  };

  app.route({
    method: ['GET', 'HEAD'],
    url: `${basePath}/*`,
    async handler(request, reply) {
      try {
        await followed.refresh();
      } catch {
        // followed-repo.ts has logged the reason.
        return sendAnswer(reply, errorAnswer(500, NOT_STORED, 'the repository cannot be read'));
      }
      return sendAnswer(reply, await answer(request));
    },
  });
  app.setErrorHandler((error, request, reply) => {
    const code = isTreeportError(error) ? error.code : errnoOf(error);
    logger.error({ url: request.raw.url, code }, messageOf(error));
    const reason = 'this file of the repository cannot be read';
    return sendAnswer(reply, errorAnswer(500, NOT_STORED, reason));
  });
}
