/**
 * The HTTP server below the routes: time limits, and bounds on connections and on what they hold in memory.
 *
 * The limit of connections follows from the process's descriptor limit, because every connection may need one
 * more descriptor for a file. At the limit the idlest connection is closed to make room: one without a
 * request, else one whose client has stopped reading. If every client is being served, the new connection is
 * closed.
 */
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { type AnswerRepeated, type HeldBytes, type RepeatedOptions, RequestGate } from './request-gate.ts';

export type ConnectionsOptions = {
  /** {@link connectionLimit} by default. */
  readonly maxConnections?: number | undefined;
  /** Called at most once a minute when connections are closed because of the limit. */
  readonly onLimit: (limit: number) => void;
  /** How requests that need no parsing are answered; without it all are parsed. */
  readonly repeated?: RepeatedOptions | undefined;
};

export type HttpServerOptions = Omit<ConnectionsOptions, 'repeated'> & {
  readonly answerRepeated?: AnswerRepeated | undefined;
  /** How long a client may read nothing of an answer before the connection is closed; 60 s by default. */
  readonly sendTimeoutMs?: number | undefined;
};

/** Descriptors for everything but connections: log, catalogue, cache, listening sockets, threads. */
const RESERVED_DESCRIPTORS = 64;
const DESCRIPTORS_PER_CONNECTION = 2;
/**
 * A hundred clients with ten connections each. More clients need more processes, so that memory stays
 * bounded.
 */
const MAX_CONNECTIONS = 1024;
const MIN_CONNECTIONS = 8;
const HELD_INPUT_BYTES = 32 * 1024 * 1024;
/** Exceeds the pauses of a client that writes to its disk. */
const STALLED_MS = 10_000;
const REPORT_MS = 60_000;

/**
 * Exceeds common client and proxy idle timeouts, so that we never close a connection a client is about to
 * reuse.
 */
export const KEEP_ALIVE_MS = 75_000;
const SEND_TIMEOUT_MS = 60_000;

export function createHttpServer(handler: RequestListener, options: HttpServerOptions): Server {
  const server = createServer((request, response) => {
    connections.begin(request, response);
    handler(request, response);
  });
  const { answerRepeated: answer, sendTimeoutMs = SEND_TIMEOUT_MS, ...limits } = options;
  const repeated = answer && { answer, sendTimeoutMs, keepAliveMs: KEEP_ALIVE_MS };
  const connections = boundConnections(server, { ...limits, repeated });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  // Slow downloads of large objects are legitimate as long as the client reads.
  server.requestTimeout = 0;
  // Node restarts this timer whenever the kernel takes some of the output.
  server.setTimeout(sendTimeoutMs);
  return server;
}

/** Bounds the connections of a server; call `begin` with every request before it is handled. */
export function boundConnections(
  server: Server,
  { maxConnections = connectionLimit(), onLimit, repeated }: ConnectionsOptions,
): { begin(request: IncomingMessage, response: ServerResponse): void } {
  const gates = new Map<Socket, RequestGate>();
  const budget: HeldBytes = { held: 0, limit: HELD_INPUT_BYTES };
  let lastReport = Number.NEGATIVE_INFINITY;
  server.on('connection', (socket: Socket) => {
    const gate = new RequestGate(socket, budget, repeated);
    gates.set(socket, gate);
    socket.once('close', () => gates.delete(socket));
    if (gates.size <= maxConnections) return;
    (idlest(gates.values(), gate) ?? gate).close();
    if (performance.now() - lastReport < REPORT_MS) return;
    lastReport = performance.now();
    onLimit(maxConnections);
  });
  return { begin: (request, response) => gates.get(request.socket)?.begin(request, response) };
}

/** How many connections the descriptor limit of this process allows. */
export function connectionLimit(descriptors: number = descriptorLimit()): number {
  const affordable = Math.floor((descriptors - RESERVED_DESCRIPTORS) / DESCRIPTORS_PER_CONNECTION);
  return Math.max(MIN_CONNECTIONS, Math.min(MAX_CONNECTIONS, affordable));
}

/** The soft limit (proc_pid_limits(5)), which Node raises to the hard one when it starts. */
function descriptorLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/** The connection to close; undefined if every client but `newest` is being served. */
function idlest(gates: Iterable<RequestGate>, newest: RequestGate): RequestGate | undefined {
  const found: { idle?: RequestGate; stalled?: RequestGate } = {};
  for (const gate of gates) {
    if (gate === newest) continue;
    const kind = gate.isAnswering ? 'stalled' : 'idle';
    if (gate.lastActive < (found[kind]?.lastActive ?? Number.POSITIVE_INFINITY)) found[kind] = gate;
  }
  if (found.idle !== undefined) return found.idle;
  const { stalled } = found;
  return stalled !== undefined && performance.now() - stalled.lastActive > STALLED_MS ? stalled : undefined;
}
