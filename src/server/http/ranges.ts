/**
 * Range requests (RFC 9110 §14): one range of bytes, of an answer whose length is known and whose entity tag
 * is strong. Several ranges, other units and malformed ranges are ignored, as the RFC allows: the client gets
 * the whole.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Bytes from `from` up to, but not including, `to`. */
export type ByteRange = { readonly from: number; readonly to: number };

const SINGLE_RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i;

/**
 * The range of `size` bytes that a GET request asks for; undefined if it gets the whole. An `If-Range` other
 * than the strong tag, dates included, asks for the whole, because a date may hide two changes in one second.
 */
export function requestedRange(
  headers: IncomingHttpHeaders,
  etag: string,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = headers.range === undefined ? null : SINGLE_RANGE.exec(headers.range.trim());
  if (match === null) return undefined;
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== `"${etag}"`) return undefined;
  const [, first, last = '', suffix] = match;
  if (first === undefined) return suffixRange(Number(suffix), size);
  const from = Number(first);
  const to = last === '' ? size : Math.min(Number(last) + 1, size);
  // A last position before the first makes the range malformed, not unsatisfiable.
  if (last !== '' && Number(last) < from) return undefined;
  return from < size ? { from, to } : 'unsatisfiable';
}

function suffixRange(length: number, size: number): ByteRange | 'unsatisfiable' | undefined {
  if (length === 0) return 'unsatisfiable';
  // No Content-Range describes an empty body.
  return size === 0 ? undefined : { from: Math.max(0, size - length), to: size };
}
