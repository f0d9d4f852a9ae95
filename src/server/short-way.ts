/**
 * The short way of requests for objects and deltas: answered at node:http's request event, before Fastify.
 * Objects are nearly all requests of a pull, and Fastify's routing, hooks and reply would take longer than
 * the answer itself; the parts of deltas are nearly all bytes, and are sent without new memory for each
 * piece. Fastify gets everything else, and every request that is unusual in any way.
 *
 * The plugin (mirror.ts) gives the same answers on the long way, with the same headers in the same order and
 * the same line in the log; test/server/short-way.test.ts compares them.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Answer } from './http/answer.ts';
import { KEEP_ALIVE_MS } from './http/http-server.ts';
import { isOdd, normaliseTarget } from './http/request-checks.ts';
import { writeAnswer } from './http/send.ts';
import { writeSingle } from './http/single-write.ts';
import type { MirrorState } from './mirror-state.ts';

/** A handler for node:http; `longWay` is Fastify's. */
export function shortWay(mirror: MirrorState, longWay: RequestListener): RequestListener {
  const { answers, basePath, requestLog, logger } = mirror;
  const prefix = `${basePath}/`;
  const folders = [`${prefix}objects/`, `${prefix}deltas/`];

  const send = (request: IncomingMessage, response: ServerResponse, answer: Answer, start: number) => {
    if (mirror.isClosing()) response.setHeader('connection', 'close');
    const log = () => requestLog.answered(request, answer.status, performance.now() - start);
    const isWritten = writeSingle(response, answer, KEEP_ALIVE_MS);
    // The kernel has most short answers by now. An answer that its client aborts is not logged.
    if (isWritten && request.socket.writableLength === 0) log();
    else response.once('finish', log);
    if (!isWritten) writeAnswer(response, answer, logger);
  };

  return (request, response) => {
    const start = performance.now();
    const url = normaliseTarget(request.url as string);
    if (!folders.some((folder) => url.startsWith(folder)) || isOdd(request))
      return longWay(request, response);
    request.url = url;
    const answer = answers(request, prefix);
    if (answer instanceof Promise) void answer.then((value) => send(request, response, value, start));
    else send(request, response, answer, start);
  };
}
