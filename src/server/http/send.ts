/** Sends answers: through Fastify, or as the response of a plain node:http handler. */
import type { ServerResponse } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { Answer } from './answer.ts';
import { answerMemory } from './answer-memory.ts';
import { PacedStream } from './piece-stream.ts';
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
    if (body instanceof PacedStream) writePieces(body, response);
    else pipeline(body, response, () => {});
  }
}

/** The stream goes on when the kernel has a piece, so that it may read the next into the same memory. */
function writePieces(body: PacedStream, response: ServerResponse): void {
  body.reusesMemory = true;
  body.on('data', (piece: Buffer) => {
    body.pause();
    response.write(piece, (error) => {
      if (error == null) body.resume();
    });
  });
  // A write after the client has left; `close` follows.
  response.on('error', () => {});
  body.once('end', () => response.end());
  body.once('error', () => response.destroy());
  response.once('close', () => body.destroy());
}
