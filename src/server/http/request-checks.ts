/**
 * What the server refuses or rewrites before a request is routed. Refusals have no body, like every error
 * (answer.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { onRequestHookHandler } from 'fastify';
import { errorAnswer } from './answer.ts';
import { NOT_STORED } from './caching.ts';
import { sendAnswer } from './send.ts';

const ABSOLUTE = /^https?:\/\/[^/?#]+/i;

/**
 * The absolute form of a target (RFC 9112 §3.2.2), which proxies send, is reduced to its path, and repeated
 * slashes are merged, as nginx does. Nothing else changes; a query stays.
 */
export function normaliseTarget(target: string): string {
  // Almost all targets are normal already.
  if (target.startsWith('/') && !target.includes('//')) return target;
  const path = target.replace(ABSOLUTE, '');
  const query = path.indexOf('?');
  const end = query === -1 ? path.length : query;
  return (path.slice(0, end).replace(/\/{2,}/g, '/') || '/') + path.slice(end);
}

/** Whether {@link refuseOddRequests} refuses it, or it has a body, which Fastify deals with. */
export function isOdd({ method, headers, rawHeaders }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return true;
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return true;
  return hasSeveralHosts(rawHeaders);
}

/** Answers 405 to every method but GET and HEAD, and 400 to a request with several Host headers. */
export const refuseOddRequests: onRequestHookHandler = (request, reply, done) => {
  const isGet = request.method === 'GET' || request.method === 'HEAD';
  if (isGet && !hasSeveralHosts(request.raw.rawHeaders)) return done();
  reply.header('connection', 'close');
  if (!isGet) reply.header('allow', 'GET, HEAD');
  sendAnswer(reply, errorAnswer(isGet ? 400 : 405, NOT_STORED));
};

/**
 * A request with two Host headers is read differently by different servers: cache poisoning (RFC 9112 §3.2).
 */
function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts > 1;
}

const STATUS_LINES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/**
 * Handles node:http's event `clientError`: refuses a request that cannot be parsed and closes the connection.
 */
export function refuseUnreadable(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = STATUS_LINES[error.code ?? ''] ?? '400 Bad Request';
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  socket.destroy(error instanceof Error ? error : undefined);
}
