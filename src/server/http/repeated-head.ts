/**
 * The head of a request that was parsed on a connection. A client sends the same headers with each request of
 * a pull, so the heads of its requests differ in their target alone: `GET `, the target, and bytes that
 * Node's parser has parsed before and that need not be parsed again.
 *
 * A target is only found here, not checked: a caller must know that the parser reads it as a target, and as
 * no more than that.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isOdd } from './request-checks.ts';

/** What is known of a request that was not parsed; IncomingMessage is a wider one. */
export type RepeatedRequest = {
  readonly method: 'GET';
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
};

const METHOD = Buffer.from('GET ');
/** Longer heads are parsed each time, so that a connection keeps little memory. */
const MAX_TAIL_BYTES = 2048;

export class RepeatedHead {
  readonly #headers: IncomingHttpHeaders;
  readonly #socket: Socket;
  /** From the space behind the target to the end of the head. */
  readonly #tail: Buffer;

  private constructor({ headers, socket }: IncomingMessage, tail: Buffer) {
    this.#headers = headers;
    this.#socket = socket;
    this.#tail = tail;
  }

  /** `head` has the bytes that the request was parsed from. Undefined if others cannot repeat them. */
  static of(head: Buffer, request: IncomingMessage): RepeatedHead | undefined {
    const { method, url = '', httpVersion, headers } = request;
    // The server answers an expectation before the request.
    if (method !== 'GET' || httpVersion !== '1.1' || headers.expect !== undefined) return undefined;
    if (isOdd(request)) return undefined;
    const start = `GET ${url} HTTP/1.1\r\n`;
    const tail = head.subarray(METHOD.length + url.length);
    if (tail.length > MAX_TAIL_BYTES || head.toString('latin1', 0, start.length) !== start) return undefined;
    return new RepeatedHead(request, Buffer.from(tail));
  }

  /** The request that `bytes` are if they are this head with another target. */
  repeatedBy(bytes: Buffer): RepeatedRequest | undefined {
    const tail = this.#tail;
    const end = bytes.length - tail.length;
    if (end <= METHOD.length || bytes.compare(tail, 0, tail.length, end) !== 0) return undefined;
    if (bytes.compare(METHOD, 0, METHOD.length, 0, METHOD.length) !== 0) return undefined;
    const url = bytes.toString('latin1', METHOD.length, end);
    return { method: 'GET', url, headers: this.#headers, socket: this.#socket };
  }
}
