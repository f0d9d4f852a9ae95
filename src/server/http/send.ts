/** Sends answers: through Fastify, or as the response of a plain node:http handler. */
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { messageOf } from '../../base/errors.ts';
import type { Answer } from './answer.ts';
import { answerMemory } from './answer-memory.ts';
import { FileStream } from './plain-file.ts';

export function sendAnswer(reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  if (Buffer.isBuffer(body)) answerMemory.hold(body, reply.raw);
  else if (body instanceof FileStream) {
    const { log, raw } = reply.request;
    // Other streams report their faults themselves (encoder.ts).
    body.once('error', (error) => log.error({ url: raw.url }, messageOf(error)));
  }
  return reply.send(body);
}

/**
 * For node:http. An error of the body's stream destroys the connection, as the client has the headers
 * already.
 */
export function writeAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers);
  if (body === undefined) response.end();
  else if (Buffer.isBuffer(body)) {
    answerMemory.hold(body, response);
    response.end(body);
  } else pipeline(body, response, () => {});
}
