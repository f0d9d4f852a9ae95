/**
 * HTTP answers as plain values, for Fastify routes and node:http handlers alike (send.ts sends them); the
 * only place that sets headers of the repository.
 *
 * Answers never have a Content-Encoding, and errors never have a body: libostree with curl keeps the body of
 * one mirror's refusal and appends the next mirror's bytes to it.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { isConditional, isNotModified, NOT_STORED, REVALIDATE, type Validators } from './caching.ts';
import type { RequestFault } from './faults.ts';
import type { Connection } from './link-speed.ts';
import { closePlainFile, type PlainFile, streamPlainFile } from './plain-file.ts';
import { type ByteRange, requestedRange } from './ranges.ts';

/** What an answer depends on: node:http's IncomingMessage is one, and so is Fastify's request. */
export type Request = {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly socket?: Connection;
};

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /**
   * Undefined for HEAD, 304 and errors. A stream must be read or destroyed; an error of it breaks the
   * connection.
   */
  readonly body: Buffer | Readable | undefined;
  /** Frees the memory of the body. May be called once the body was sent; otherwise the collector frees it. */
  readonly release?: () => void;
};

/** Metadata of a representation (RFC 9110 §8). */
export type Representation = Validators & {
  readonly cacheControl: string;
  /** Bytes by default. */
  readonly contentType?: string;
  /** `none` if the next request may get other bytes under another tag; bytes of known length by default. */
  readonly ranges?: 'none';
  /** The request header that selects the representation. */
  readonly vary?: string;
};

const BYTES = 'application/octet-stream';
const TEXT = 'text/plain; charset=utf-8';
/** Says why an answer is an error; programs need only the status. */
const REASON_HEADER = 'treeport-error';

/** Bytes in memory, or the range of them that the request asks for. */
export function bytesAnswer(request: Request, bytes: Buffer, of: Representation): Answer {
  return rangeAnswer(request, bytes.length, of, (range) => bytesIn(bytes, range));
}

/**
 * A file, or the range of it that the request asks for. Takes ownership: the file is closed after the last
 * byte.
 */
export function fileAnswer(request: Request, file: PlainFile, of: Representation): Answer {
  const { content, size } = file;
  if (Buffer.isBuffer(content)) return bytesAnswer(request, content, of);
  const open = ({ from, to }: ByteRange) => streamPlainFile(content, { from, to });
  const answer = rangeAnswer(request, size, of, open);
  if (answer.body === undefined) closePlainFile(file);
  return answer;
}

/** `size` bytes that `open` reads, from memory or a file that stays open, or the requested range of them. */
export function rangeAnswer(
  request: Request,
  size: number,
  of: Representation,
  open: (range: ByteRange) => Buffer | Readable,
): Answer {
  return notModifiedAnswer(request, of) ?? partAnswer(request, size, of, open);
}

/** An answer of unknown length. Takes ownership of the stream. */
export function streamAnswer(request: Request, stream: Readable, of: Representation): Answer {
  const known = notModifiedAnswer(request, of);
  if (known !== undefined || request.method === 'HEAD') stream.destroy();
  if (known !== undefined) return known;
  const headers = headersOf(of, 'none');
  return { status: 200, headers, body: request.method === 'HEAD' ? undefined : stream };
}

/** The whole of `size` bytes, or the requested range; `open` is called if the answer has a body. */
function partAnswer(
  request: Request,
  size: number,
  of: Representation,
  open: (range: ByteRange) => Buffer | Readable,
): Answer {
  const headers = headersOf(of, of.ranges ?? 'bytes');
  const isWhole = of.ranges === 'none' || request.method === 'HEAD';
  const range = isWhole || of.etag === undefined ? undefined : requestedRange(request.headers, of.etag, size);
  if (range === 'unsatisfiable') return unsatisfiableAnswer(size);
  const { from, to } = range ?? { from: 0, to: size };
  headers['content-length'] = to - from;
  if (range !== undefined) headers['content-range'] = `bytes ${from}-${to - 1}/${size}`;
  const body = request.method === 'HEAD' ? undefined : open({ from, to });
  return { status: range === undefined ? 200 : 206, headers, body };
}

function unsatisfiableAnswer(size: number): Answer {
  const answer = errorAnswer(416, NOT_STORED);
  return { ...answer, headers: { ...answer.headers, 'content-range': `bytes */${size}` } };
}

/** The buffer itself for the whole: requests that share it are accounted once (answer-memory.ts). */
function bytesIn(bytes: Buffer, { from, to }: ByteRange): Buffer {
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/** Neither a condition nor a range: the answer is the same for all such requests. */
export function wantsWhole({ method, headers }: Request): boolean {
  return method === 'GET' && headers.range === undefined && !isConditional(headers);
}

/** The 304 for a client that already has the representation; undefined otherwise. */
export function notModifiedAnswer(request: Request, of: Representation): Answer | undefined {
  if (!isConditional(request.headers) || !isNotModified(request.headers, of)) return undefined;
  return { status: 304, headers: validatorHeaders(of), body: undefined };
}

/** An error. `reason` must be plain ASCII. */
export function errorAnswer(status: number, cacheControl: string, reason?: string): Answer {
  const headers = { 'content-length': 0, 'cache-control': cacheControl };
  return {
    status,
    headers: reason === undefined ? headers : { ...headers, [REASON_HEADER]: reason },
    body: undefined,
  };
}

export function notFoundAnswer(): Answer {
  return errorAnswer(404, REVALIDATE);
}

/** The 404 of what other clients may find; `vary` is the request header that tells them apart. */
export function notForClientAnswer(vary: string): Answer {
  const answer = errorAnswer(404, NOT_STORED);
  return { ...answer, headers: { ...answer.headers, vary } };
}

export function faultAnswer({ status, text }: RequestFault): Answer {
  return errorAnswer(status, status === 404 ? REVALIDATE : NOT_STORED, text);
}

/** Lines of text, for people and health checks. */
export function lineAnswer(request: Request, status: number, text: string, cacheControl: string): Answer {
  const body = Buffer.from(`${text}\n`);
  const headers = { 'content-type': TEXT, 'content-length': body.length, 'cache-control': cacheControl };
  return { status, headers, body: request.method === 'HEAD' ? undefined : body };
}

type Headers = Record<string, string | number>;

function validatorHeaders({ etag, lastModified, cacheControl, vary }: Representation): Headers {
  const headers: Headers =
    etag === undefined
      ? { 'cache-control': cacheControl }
      : { etag: `"${etag}"`, 'cache-control': cacheControl };
  if (lastModified !== undefined) headers['last-modified'] = httpDate(lastModified);
  if (vary !== undefined) headers.vary = vary;
  return headers;
}

function headersOf(of: Representation, ranges: 'bytes' | 'none'): Headers {
  const headers = validatorHeaders(of);
  headers['content-type'] = of.contentType ?? BYTES;
  headers['accept-ranges'] = ranges;
  return headers;
}

const recentDate = { seconds: Number.NaN, text: '' };

/** Cached, because formatting a date costs as much as reading a small file, and neighbours share theirs. */
function httpDate(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (recentDate.seconds !== seconds) {
    recentDate.seconds = seconds;
    recentDate.text = new Date(seconds * 1000).toUTCString();
  }
  return recentDate.text;
}
