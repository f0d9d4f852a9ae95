/**
 * Feeds one request at a time to the HTTP parser of a connection. Node parses everything that a read returns:
 * 64 KiB of small pipelined requests are two thousand, all answered at once, and every answer stays in memory
 * if the client does not read. The gate parses the head of a request when the previous answer has been sent;
 * the input behind it is held, at most one read, and the socket is paused meanwhile, so that TCP applies
 * back-pressure to the client. The gate also keeps a pipelined request that Node drops behind an ignored
 * `Upgrade`.
 *
 * A read that holds one request, which repeats the head of an earlier one (repeated-head.ts), may be answered
 * without the parser.
 *
 * A head ends with an empty line (RFC 9112 §2.1); Node's parser accepts CRLF line ends only. Requests with a
 * body are refused (app.ts) or answered without it: the answer closes the connection, and all input behind
 * the head is dropped.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RepeatedHead, type RepeatedRequest } from './repeated-head.ts';
import { shareInput } from './shared-input.ts';

/**
 * Answers a request that repeats an earlier head, by writes to its socket. False if the request is to be
 * parsed; nothing is written then.
 */
export type AnswerRepeated = (request: RepeatedRequest) => boolean;

export type RepeatedOptions = {
  readonly answer: AnswerRepeated;
  /** How long a client may read nothing of an answer, and how long a connection may be idle; milliseconds. */
  readonly sendTimeoutMs: number;
  readonly keepAliveMs: number;
};

/** Memory budget for held input, shared by all connections. */
export type HeldBytes = {
  /** Unparsed input, in bytes. */
  held: number;
  readonly limit: number;
};

const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);
/** A paused socket buffers one or two more reads; a client that fills one read fills these as well. */
const READ_BYTES = 64 * 1024;
const BUFFERED_BEHIND_FULL_READ = 2 * READ_BYTES;
/** More than a paused socket can bring. */
const MAX_HELD = 4 * READ_BYTES;

export class RequestGate {
  readonly #socket: Socket;
  readonly #parse: (chunk: Buffer) => void;
  readonly #budget: HeldBytes;
  readonly #repeated: RepeatedOptions | undefined;
  /** How many bytes of {@link HEAD_END} the parsed input ends with. */
  #matched = 0;
  /** Whether the parsed input ends within a head. */
  #isInHead = false;
  /** The head that is being parsed, if all of it came in one read, and nothing else. */
  #head: Buffer | undefined;
  /** The latest head that requests may repeat. */
  #known: RepeatedHead | undefined;
  #held: Buffer = NOTHING;
  #charged = 0;
  #isAnswering = false;
  #dropsInput = false;
  /** When the last request began or part of an answer was sent; milliseconds of `performance.now()`. */
  lastActive = performance.now();

  /** Intercepts the input of a socket that an HTTP server has just accepted. */
  constructor(socket: Socket, budget: HeldBytes, repeated?: RepeatedOptions) {
    this.#socket = socket;
    this.#budget = budget;
    this.#repeated = repeated;
    const [parse] = socket.listeners('data') as ((chunk: Buffer) => void)[];
    if (parse === undefined) throw new Error('the HTTP server does not listen for data');
    this.#parse = parse;
    socket.removeListener('data', parse);
    socket.on('data', (chunk: Buffer) => {
      if (!this.#isRepeated(chunk)) this.#receive(chunk);
    });
    // A copy, because the parser, and what is held, keep it.
    shareInput(socket, (bytes) => {
      if (!this.#isRepeated(bytes)) this.#receive(Buffer.from(bytes));
    });
    socket.on('drain', () => {
      this.lastActive = performance.now();
    });
    socket.once('close', () => this.#hold(NOTHING));
  }

  /** Whether an answer is in flight. */
  get isAnswering(): boolean {
    return this.#isAnswering;
  }

  /** Call with every request, before it is handled. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    this.#isAnswering = true;
    this.lastActive = performance.now();
    response.once('close', this.#answered);
    if (hasBody(request)) {
      this.#dropsInput = true;
      response.setHeader('connection', 'close');
    } else if (this.#repeated !== undefined && this.#head !== undefined && response.shouldKeepAlive)
      this.#known = RepeatedHead.of(this.#head, request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#dropsInput) return;
    if (this.#isAnswering || this.#held.length > 0)
      this.#holdAndPause(this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]));
    else this.#feed(chunk);
  }

  /** Whether the chunk was a request that repeats a known head, and was answered. */
  #isRepeated(chunk: Buffer): boolean {
    const repeated = this.#repeated;
    if (this.#dropsInput || this.#isAnswering || this.#held.length > 0 || this.#isInHead) return false;
    const request = this.#known?.repeatedBy(chunk);
    if (request === undefined || repeated?.answer(request) !== true) return false;
    this.lastActive = performance.now();
    if (this.#socket.writableLength > 0) this.#waitUntilSent(repeated);
    return true;
  }

  /** Node has timed the connection as an idle one since the last answer to a parsed request. */
  #waitUntilSent({ sendTimeoutMs, keepAliveMs }: RepeatedOptions): void {
    this.#isAnswering = true;
    this.#socket.setTimeout(sendTimeoutMs);
    this.#socket.write(NOTHING, () => {
      this.#socket.setTimeout(keepAliveMs);
      this.#answered();
    });
  }

  /** Parses up to the end of the head that begins a request, and holds the rest. */
  #feed(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#dropsInput && !this.#socket.destroyed) {
      if (this.#isAnswering) {
        this.#holdAndPause(rest);
        return;
      }
      const isStart = !this.#isInHead;
      const end = this.#findHeadEnd(rest);
      const piece = end === rest.length ? rest : rest.subarray(0, end);
      this.#head = isStart && !this.#isInHead && piece === chunk ? piece : undefined;
      this.#parse(piece);
      this.#head = undefined;
      rest = rest.subarray(end);
    }
  }

  /** Index behind the first end of a head; the chunk's length if it contains none. */
  #findHeadEnd(chunk: Buffer): number {
    for (let index = 0; this.#matched > 0 && chunk[index] === HEAD_END[this.#matched]; index++) {
      this.#matched += 1;
      if (this.#matched === HEAD_END.length) {
        this.#matched = 0;
        this.#isInHead = false;
        return index + 1;
      }
      if (index + 1 === chunk.length) return chunk.length;
    }
    const start = chunk.indexOf(HEAD_END);
    this.#matched = start === -1 ? matchedAtEnd(chunk) : 0;
    this.#isInHead = start === -1;
    return start === -1 ? chunk.length : start + HEAD_END.length;
  }

  #holdAndPause(bytes: Buffer): void {
    this.#socket.pause();
    this.#hold(bytes);
    if (bytes.length > MAX_HELD || this.#budget.held > this.#budget.limit) this.close();
  }

  #hold(bytes: Buffer): void {
    this.#held = bytes;
    const behind = bytes.length > READ_BYTES / 4 ? BUFFERED_BEHIND_FULL_READ : 0;
    this.#budget.held += bytes.length + behind - this.#charged;
    this.#charged = bytes.length + behind;
  }

  readonly #answered = (): void => {
    this.#isAnswering = false;
    this.lastActive = performance.now();
    // Deferred, so that a client with thousands of requests does not starve the others.
    if (this.#held.length > 0) setImmediate(() => this.#continue());
  };

  #continue(): void {
    if (this.#socket.destroyed) return;
    const held = this.#held;
    this.#hold(NOTHING);
    this.#feed(held);
    if (this.#held.length === 0) this.#socket.resume();
  }
}

function matchedAtEnd(chunk: Buffer): number {
  for (let count = Math.min(HEAD_END.length - 1, chunk.length); count > 0; count--) {
    if (chunk.compare(HEAD_END, 0, count, chunk.length - count) === 0) return count;
  }
  return 0;
}

function hasBody({ headers, method }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return true;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
