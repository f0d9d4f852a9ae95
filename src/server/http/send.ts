/** Sends answers: through Fastify, or as the response of a plain node:http handler. */
import type { ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { Answer } from './answer.ts';
import { answerMemory } from './answer-memory.ts';
import { FileStream } from './plain-file.ts';

export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  if (Buffer.isBuffer(body)) answerMemory.hold(body, reply.raw);
  else logFault(body, reply.request.log, reply.request.raw.url);
  return reply.send(body);
}

/** Logs a fault of a file that is being sent. Other streams report theirs themselves (encoder.ts). */
function logFault(body: Readable, logger: Pick<Logger, 'error'>, url: string | undefined): void {
  if (body instanceof FileStream) body.once('error', (error) => logger.error({ url }, messageOf(error)));
}

/**
 * For node:http. An error of the body's stream destroys the connection, as the client has the headers
 * already.
 */
export function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  logger: Pick<Logger, 'error'>,
): void {
  response.writeHead(status, headers);
  if (body === undefined) response.end();
  else if (Buffer.isBuffer(body)) {
    answerMemory.hold(body, response);
    response.end(body);
  } else {
    logFault(body, logger, response.req.url);
    pipeline(body, response, () => {});
  }
}
