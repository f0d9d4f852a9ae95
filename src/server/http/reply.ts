/** The kinds of answers that routes give; the only place that sets headers of the repository. */
import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../../base/errors.ts';
import { answerMemory } from './answer-memory.ts';
import { isConditional, isNotModified, NOT_STORED, REVALIDATE, type Validators } from './caching.ts';
import type { Fault } from './faults.ts';
import { closePlainFile, type PlainFile, streamPlainFile } from './plain-file.ts';

const BYTES = 'application/octet-stream';
const TEXT = 'text/plain; charset=utf-8';

export type Answer = Validators & {
  readonly cacheControl: string;
  /** Bytes by default. */
  readonly contentType?: string;
};

/** Sends bytes, or what a conditional or HEAD request wants to know about them. */
export function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Buffer,
  answer: Answer,
): FastifyReply {
  if (startAnswer(request, reply, answer) === 304) return reply.send();
  reply.header('content-length', bytes.length);
  if (request.method === 'HEAD') return reply.send(null);
  answerMemory.hold(bytes, reply.raw);
  return reply.send(bytes);
}

/** Sends a file from disk and closes it. */
export function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PlainFile,
  answer: Answer,
): FastifyReply {
  if (Buffer.isBuffer(file.content)) return sendBytes(request, reply, file.content, answer);
  const status = startAnswer(request, reply, answer);
  if (status === 200) reply.header('content-length', file.size);
  if (status === 200 && request.method === 'GET') {
    const stream = streamPlainFile(file.content, file.size);
    stream.once('error', (error) => request.log.error({ url: request.raw.url }, messageOf(error)));
    return reply.send(stream);
  }
  closePlainFile(file);
  return reply.send();
}

/** Sends a stream of unknown length. An error of the stream destroys the connection. */
export function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  stream: Readable,
  answer: Answer,
): FastifyReply {
  if (startAnswer(request, reply, answer) === 200 && request.method === 'GET') return reply.send(stream);
  stream.destroy();
  return reply.send();
}

/** Answers 304 where the client has it already, without looking further; true if so. */
export function sendIfNotModified(request: FastifyRequest, reply: FastifyReply, answer: Answer): boolean {
  if (!isConditional(request.headers) || !isNotModified(request.headers, answer)) return false;
  startAnswer(request, reply, answer);
  reply.send();
  return true;
}

/** Why an answer is an error, for people; programs need the status alone. */
const REASON_HEADER = 'treeport-error';

/**
 * An error without a body: libostree with curl keeps the body of a mirror's refusal, and appends the next
 * mirror's bytes to it. `reason` must be plain ASCII.
 */
export function sendError(
  reply: FastifyReply,
  status: number,
  cacheControl: string,
  reason?: string,
): FastifyReply {
  reply.code(status).headers({ 'content-length': 0, 'cache-control': cacheControl });
  if (reason !== undefined) reply.header(REASON_HEADER, reason);
  return reply.send();
}

export function sendNotFound(reply: FastifyReply): FastifyReply {
  return sendError(reply, 404, REVALIDATE);
}

export function sendFault(reply: FastifyReply, fault: Fault): FastifyReply {
  return sendError(reply, fault.status, fault.status === 404 ? REVALIDATE : NOT_STORED, fault.text);
}

/** One line of text; without a body for HEAD. */
export function sendText(
  reply: FastifyReply,
  status: number,
  text: string,
  cacheControl: string,
): FastifyReply {
  const body = `${text}\n`;
  reply.code(status).headers({
    'content-type': TEXT,
    'content-length': Buffer.byteLength(body),
    'cache-control': cacheControl,
  });
  return reply.send(reply.request.method === 'HEAD' ? null : body);
}

function startAnswer(request: FastifyRequest, reply: FastifyReply, answer: Answer): 200 | 304 {
  const { etag, lastModified, cacheControl } = answer;
  reply.header('etag', `"${etag}"`).header('cache-control', cacheControl);
  if (lastModified !== undefined) reply.header('last-modified', httpDate(lastModified));
  if (isNotModified(request.headers, answer)) {
    reply.code(304);
    return 304;
  }
  reply.header('content-type', answer.contentType ?? BYTES).header('accept-ranges', 'none');
  return 200;
}

const recentDate = { seconds: Number.NaN, text: '' };

/** Formatting a date costs as much as reading a small file, and neighbours share theirs. */
function httpDate(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (recentDate.seconds !== seconds) {
    recentDate.seconds = seconds;
    recentDate.text = new Date(seconds * 1000).toUTCString();
  }
  return recentDate.text;
}
