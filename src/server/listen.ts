/** Starts a server on a socket: the listen address and the log. Stopping is in shutdown.ts. */
import type { AddressInfo } from 'node:net';
import type { DestinationStream } from 'pino';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { createServer, type Server } from './app.ts';
import type { Counters } from './http/counters.ts';
import { openLog } from './log.ts';
import type { ServerOptions } from './options.ts';
import { FINISH_SECONDS, type LifecycleLevel, type StopOptions, shutdownOf } from './shutdown.ts';

export type ListenAddress = {
  /** Undefined for all addresses of the machine. */
  readonly host: string | undefined;
  /** 0 for any free port. */
  readonly port: number;
};

export type ServeOptions = Omit<ServerOptions, 'logger' | 'writeRequestLine'> & {
  /** `[ADDR:]PORT`; see {@link parseListenAddress}. */
  readonly listen: string;
  /** A pino level; `info` by default. */
  readonly logLevel?: string;
  /** Standard output by default. */
  readonly logTo?: DestinationStream;
  /**
   * How long the server keeps serving, with `/readyz` failing, after {@link RunningServer.stop}; 0 by
   * default.
   */
  readonly drainDelayMs?: number;
  /** How long requests in flight may take after that; {@link FINISH_SECONDS} by default. */
  readonly finishMs?: number;
  /** Level of the lines about start and stop; `info` by default. */
  readonly lifecycleLevel?: LifecycleLevel;
};

/** What is served, and where. */
export type Served = ListenedOn & { readonly repo: string; readonly mode: string; readonly url: string };

type ListenedOn = { readonly host: string; readonly port: number };

export type RunningServer = {
  readonly host: string;
  readonly port: number;
  readonly served: Served;
  readonly counters: Counters;
  /** Shuts down; resolves when every connection is closed. Later calls wait for the same shutdown. */
  stop(options?: StopOptions): Promise<void>;
};

/**
 * The connection limit (http-server.ts): when the accept queue is full, clients wait seconds for their next
 * SYN.
 */
const BACKLOG = 1024;

/** Parses `8080`, `:8080`, `127.0.0.1:8080`, `localhost:8080` and `[::1]:8080`; ERR_USAGE otherwise. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || port > 65535) {
    throw new TreeportError(
      'ERR_USAGE',
      `"${text}" is not a valid listen address: give PORT, ADDRESS:PORT or [IPV6]:PORT`,
    );
  }
  return { host: match[1] ?? (match[2] || undefined), port };
}

/** Starts a server; ERR_LISTEN if it cannot listen on the address, ERR_CACHE_DIR, ERR_USAGE. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const address = parseListenAddress(options.listen);
  const { drainDelayMs = 0, finishMs = FINISH_SECONDS * 1000, lifecycleLevel: level = 'info' } = options;
  const { logger, writeRequestLine } = openLog(options.logLevel ?? 'info', options.logTo);
  const server = await createServer({ ...options, logger, writeRequestLine });
  const bound = await listen(server, address);
  const served = { repo: options.repo.path, mode: options.repo.mode, ...bound };
  logger[level]({ version: VERSION, ...served }, `serving on ${urlOf(bound)}`);
  const stop = shutdownOf(server, logger, { drainDelayMs, finishMs, level });
  return { ...bound, served: { ...served, url: urlOf(bound) }, counters: server.counters, stop };
}

function urlOf({ host, port }: ListenedOn): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function listen({ app }: Server, { host, port }: ListenAddress): Promise<ListenedOn> {
  const hosts = host === undefined ? ['::', '0.0.0.0'] : [host];
  for (const [index, name] of hosts.entries()) {
    try {
      await app.listen({ host: name, port, backlog: BACKLOG, listenTextResolver: listeningText });
      break;
    } catch (error) {
      // `::` fails if the kernel has no IPv6.
      if (index === hosts.length - 1 || !['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errnoOf(error) ?? '')) {
        throw listenError(error, host, port);
      }
    }
  }
  const bound = app.server.address() as AddressInfo;
  return { host: bound.address, port: bound.port };
}

/** Fastify's line of the log, the first of a server. */
function listeningText(address: string): string {
  return `treeport ${VERSION} listens at ${address}`;
}

function listenError(error: unknown, host: string | undefined, port: number): TreeportError {
  const where = host === undefined ? `port ${port}` : `${host}:${port}`;
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is in use; choose another one with --listen',
    EACCES: 'permission denied; ports below 1024 need a privilege',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'unknown host name',
  };
  const reason = why[errnoOf(error) ?? ''] ?? messageOf(error);
  return new TreeportError('ERR_LISTEN', `cannot listen on ${where}: ${reason}`, { cause: error });
}
