/**
 * Counts requests and logs one structured line for each: at info, but at debug for a 404, because clients
 * probe for optional files all the time. Faults of objects are logged where they are found (faults.ts).
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import type { DestinationStream, Logger } from 'pino';
import type { Counters } from './counters.ts';

/** A line of the log in the order of its members. */
export type RequestLine = {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly status: number;
  /** Milliseconds from the request to the end of the answer. */
  readonly ms: number;
  readonly client: string | undefined;
  readonly agent: string | undefined;
};

export type LoggedRequest = Pick<IncomingMessage, 'socket' | 'method' | 'url' | 'headers'>;

/** Writes a line at a level. */
export type WriteRequestLine = (level: 'info' | 'debug', line: RequestLine) => void;

export type RequestLogOptions = {
  /** Its level says which requests are logged. */
  readonly logger: Logger;
  readonly counters: Counters;
  /** Calls the logger by default. */
  readonly write?: WriteRequestLine | undefined;
};

/** Bytes of a connection that earlier requests have counted. */
type Counted = { bytes: number };

export class RequestLog {
  readonly #counters: Counters;
  readonly #write: WriteRequestLine;
  readonly #logsFound: boolean;
  readonly #logsMissing: boolean;
  readonly #connections = new WeakMap<Socket, Counted>();

  constructor({ logger, counters, write }: RequestLogOptions) {
    this.#counters = counters;
    this.#write = write ?? ((level, line) => logger[level](line, 'request'));
    this.#logsFound = logger.isLevelEnabled('info');
    this.#logsMissing = logger.isLevelEnabled('debug');
  }

  /** Call once when an answer has been sent, or its connection has closed. */
  answered(request: LoggedRequest, status: number, ms: number): void {
    const { socket, method, url, headers } = request;
    const counted = this.#countedOf(socket);
    const { bytesWritten } = socket;
    this.#counters.requests += 1;
    this.#counters.bytes += bytesWritten - counted.bytes;
    counted.bytes = bytesWritten;
    if (!(status === 404 ? this.#logsMissing : this.#logsFound)) return;
    this.#write(status === 404 ? 'debug' : 'info', {
      method,
      url,
      status,
      ms: Math.round(ms * 10) / 10,
      client: socket.remoteAddress,
      agent: headers['user-agent'],
    });
  }

  #countedOf(socket: Socket): Counted {
    const known = this.#connections.get(socket);
    if (known !== undefined) return known;
    const fresh: Counted = { bytes: 0 };
    this.#connections.set(socket, fresh);
    return fresh;
  }
}

/** A character that JSON.stringify escapes, or that is not ASCII. */
const NEEDS_ESCAPE = /[^ !#-[\]-~]/;
const LEVELS = { info: 30, debug: 20 } as const;

const END = ',"msg":"request"}\n';

/** The end of the latest line: many requests of a client follow one another. */
type LatestClient = { client: string | undefined; agent: string | undefined; text: string };

/**
 * Formats the lines by hand, as a pino logger without options does, because pino takes half as long for a
 * line as the server for the rest of a small object.
 */
export function formattedLines(output: DestinationStream): WriteRequestLine {
  const base = `,"pid":${process.pid},"hostname":${JSON.stringify(hostname())}`;
  const latest: LatestClient = { client: undefined, agent: undefined, text: END };
  return (level, { method, url, status, ms, client, agent }) => {
    if (client !== latest.client || agent !== latest.agent) {
      const of = agent === undefined ? '' : `,"agent":${quoted(agent)}`;
      latest.text = `${client === undefined ? '' : `,"client":${quoted(client)}`}${of}${END}`;
      latest.client = client;
      latest.agent = agent;
    }
    const { text } = latest;
    const start = `{"level":${LEVELS[level]},"time":${Date.now()}${base},"method":${quoted(method)}`;
    output.write(`${start},"url":${quoted(url)},"status":${status},"ms":${ms}${text}`);
  };
}

function quoted(text = ''): string {
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`;
}
