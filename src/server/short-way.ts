/**
 * The short way of requests for objects and deltas: answered at node:http's request event, before Fastify.
 * Objects are nearly all requests of a pull, and Fastify's routing, hooks and reply would take longer than
 * the answer itself; the parts of deltas are nearly all bytes, and are sent without new memory for each
 * piece. Fastify gets everything else, and every request that is unusual in any way.
 *
 * Most requests for objects repeat the head of one before. A short answer to such a request is written
 * without a request and a response of node:http, which would take most of the time; for any other answer the
 * request is parsed after all, and the listener finds the answer made.
 *
 * The plugin (mirror.ts) gives the same answers on the long way, with the same headers in the same order and
 * the same line in the log; test/server/short-way.test.ts compares them.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Answer } from './http/answer.ts';
import type { RepeatedRequest } from './http/repeated-head.ts';
import { isOdd, normaliseTarget } from './http/request-checks.ts';
import type { AnswerRepeated } from './http/request-gate.ts';
import type { LoggedRequest } from './http/request-log.ts';
import { writeAnswer } from './http/send.ts';
import { writeShort, writeSingle } from './http/single-write.ts';
import type { MirrorState } from './mirror-state.ts';

/** What createHttpServer takes. */
export type ShortWay = {
  readonly listener: RequestListener;
  readonly answerRepeated: AnswerRepeated;
};

/** An answer to a request that is being parsed. */
type MadeAnswer = {
  readonly request: RepeatedRequest;
  readonly answer: Answer | Promise<Answer>;
  readonly start: number;
};

/** The name of an object below `objects/`; the parser reads it as a part of a target, whatever it names. */
const OBJECT_NAME = /^[0-9a-f]{2}\/[0-9a-f]{62}\.[a-z-]{1,20}$/;

/** Handlers for node:http; `longWay` is Fastify's. */
export function shortWay(mirror: MirrorState, longWay: RequestListener): ShortWay {
  const { answers, basePath, requestLog, logger } = mirror;
  const prefix = `${basePath}/`;
  const objects = `${prefix}objects/`;
  const folders = [objects, `${prefix}deltas/`];
  const made: { answer: MadeAnswer | undefined } = { answer: undefined };

  const logged = (request: LoggedRequest, { status }: Answer, start: number) =>
    requestLog.answered(request, status, performance.now() - start);

  const send = (request: IncomingMessage, response: ServerResponse, answer: Answer, start: number) => {
    if (mirror.isClosing()) response.setHeader('connection', 'close');
    const log = () => logged(request, answer, start);
    const isWritten = writeSingle(response, answer);
    // The kernel has most short answers by now. An answer that its client aborts is not logged.
    if (isWritten && request.socket.writableLength === 0) log();
    else response.once('finish', log);
    if (!isWritten) writeAnswer(response, answer, logger);
  };

  /** The answer that was made when the head of this request came. */
  const takeMade = ({ url, socket }: IncomingMessage): MadeAnswer | undefined => {
    const { answer } = made;
    made.answer = undefined;
    return answer?.request.url === url && answer?.request.socket === socket ? answer : undefined;
  };

  return {
    listener(request, response) {
      const known = takeMade(request);
      const start = known?.start ?? performance.now();
      const url = normaliseTarget(request.url as string);
      if (!folders.some((folder) => url.startsWith(folder)) || isOdd(request))
        return longWay(request, response);
      request.url = url;
      const answer = known?.answer ?? answers(request, prefix);
      if (answer instanceof Promise) void answer.then((value) => send(request, response, value, start));
      else send(request, response, answer, start);
    },

    answerRepeated(request) {
      const { url, socket } = request;
      if (mirror.isClosing() || !url.startsWith(objects) || !OBJECT_NAME.test(url.slice(objects.length)))
        return false;
      const start = performance.now();
      const answer = answers(request, prefix);
      if (answer instanceof Promise || !writeShort(socket, answer)) {
        made.answer = { request, answer, start };
        return false;
      }
      if (socket.writableLength === 0) logged(request, answer, start);
      else
        socket.write('', (error) => {
          if (error == null) logged(request, answer, start);
        });
      return true;
    },
  };
}
