/**
 * One structured log line per request: at info, but at debug for a 404, because clients probe for optional
 * files all the time. Faults of objects are logged where they are found (faults.ts).
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Counters } from './counters.ts';

export function logRequests(app: FastifyInstance, logger: Logger, counters: Counters): void {
  const logsFound = logger.isLevelEnabled('info');
  const logsMissing = logger.isLevelEnabled('debug');
  const written = new WeakMap<Socket, number>();
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    const { socket } = request.raw;
    counters.requests += 1;
    counters.bytes += socket.bytesWritten - (written.get(socket) ?? 0);
    written.set(socket, socket.bytesWritten);
    if (statusCode === 404 ? logsMissing : logsFound) {
      const line = {
        method: request.method,
        url: request.raw.url,
        status: statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        client: request.ip,
        agent: request.headers['user-agent'],
      };
      logger[statusCode === 404 ? 'debug' : 'info'](line, 'request');
    }
    done();
  });
}
