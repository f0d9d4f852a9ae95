/** The HTTP server below the routes: time limits, and bounds on connections. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { boundConnections, type ConnectionsOptions } from './connections.ts';

export type HttpServerOptions = ConnectionsOptions & {
  /** How long a client may read nothing of an answer before the connection is closed; 60 s by default. */
  readonly sendTimeoutMs?: number | undefined;
};

/** Exceeds common client and proxy idle timeouts, so that we never close a connection a client is about to reuse. */
const KEEP_ALIVE_MS = 75_000;
const SEND_TIMEOUT_MS = 60_000;

export function createHttpServer(handler: RequestListener, options: HttpServerOptions): Server {
  const server = createServer((request, response) => {
    connections.begin(request, response);
    handler(request, response);
  });
  const connections = boundConnections(server, options);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Slow clients of large objects are no error, as long as they read.
  server.requestTimeout = 0;
  // Node starts it again whenever the kernel has taken some of what is to be written.
  server.setTimeout(options.sendTimeoutMs ?? SEND_TIMEOUT_MS);
  return server;
}
