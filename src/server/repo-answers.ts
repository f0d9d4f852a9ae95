/**
 * Answers every URL below the base path: repo-path.ts parses the raw URL, and a path that does not parse is a
 * 404. Answers are never 429, 502 or 503, which break old clients. Knows nothing of Fastify.
 */
import type { Logger } from 'pino';
import { errnoOf, isTreeportError, messageOf } from '../base/errors.ts';
import type { ObjectAnswers } from './content/object-answers.ts';
import { type Answer, errorAnswer, notFoundAnswer, type Request } from './http/answer.ts';
import { NOT_STORED } from './http/caching.ts';
import type { RoundTrips } from './http/round-trips.ts';
import type { DocumentAnswers } from './live/document-answers.ts';
import type { FollowedRepository } from './live/followed-repo.ts';
import { parseRepoPath, type RepoTarget } from './repo-path.ts';

/** node:http's IncomingMessage is one. */
export type RepoRequest = Request & { readonly url?: string | undefined };

/**
 * Answers a request for a path below `prefix`, which ends with a slash. Small objects are answered at once,
 * without a promise. Does not reject: a fault is an answer.
 */
export type RepoAnswers = (request: RepoRequest, prefix: string) => Answer | Promise<Answer>;

export type RepoAnswersOptions = {
  readonly followed: FollowedRepository;
  readonly objects: ObjectAnswers;
  readonly documents: DocumentAnswers;
  readonly logger: Logger;
  /** Is told of every request. */
  readonly watch?: RequestWatch | undefined;
};

export type RequestWatch = Pick<RoundTrips, 'documentRequested' | 'documentAnswered' | 'objectRequested'>;

export function createRepoAnswers({
  followed,
  objects,
  documents,
  logger,
  watch,
}: RepoAnswersOptions): RepoAnswers {
  const answerTarget = (request: Request, target: RepoTarget | undefined): Answer | Promise<Answer> => {
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

  const watched = (request: Request, target: RepoTarget | undefined, watching: RequestWatch) => {
    if (target?.kind === 'content' || target?.kind === 'metadata') {
      watching.objectRequested(request);
      return answerTarget(request, target);
    }
    watching.documentRequested(request);
    const tell = (answered: Answer) => {
      watching.documentAnswered(request);
      return answered;
    };
    const answered = answerTarget(request, target);
    return answered instanceof Promise ? answered.then(tell) : tell(answered);
  };

  const failed = (request: RepoRequest, error: unknown): Answer => {
    const code = isTreeportError(error) ? error.code : errnoOf(error);
    logger.error({ url: request.url, code }, messageOf(error));
    return errorAnswer(500, NOT_STORED, 'this file of the repository cannot be read');
  };

  const answer = (request: RepoRequest, prefix: string): Answer | Promise<Answer> => {
    try {
      const target = targetOf(request.url ?? '', prefix);
      const answered = watch === undefined ? answerTarget(request, target) : watched(request, target, watch);
      return answered instanceof Promise ? answered.catch((error) => failed(request, error)) : answered;
    } catch (error) {
      return failed(request, error);
    }
  };

  return (request, prefix) => {
    const reopening = followed.refreshOnceATurn();
    if (reopening === undefined) return answer(request, prefix);
    return reopening.then(
      () => answer(request, prefix),
      // followed-repo.ts has logged the reason.
      () => errorAnswer(500, NOT_STORED, 'the repository cannot be read'),
    );
  };
}

function targetOf(url: string, prefix: string): RepoTarget | undefined {
  if (!url.startsWith(prefix)) return undefined;
  const query = url.indexOf('?');
  return parseRepoPath(url.slice(prefix.length, query === -1 ? undefined : query));
}
