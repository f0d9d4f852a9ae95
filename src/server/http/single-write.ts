/**
 * Answers with a short body in a single write: status line, headers and body go through one buffer into the
 * socket. node:http checks and formats every header of every answer, and takes a second write for the body.
 *
 * The head has the bytes that `writeHead` of node:http would send. Only responses on which nothing was set,
 * of connections that stay open, take this way. `_header` and `_headerSent` are how node:http notes that the
 * head is sent; without them `end` would send another.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Answer } from './answer.ts';

/** Up to this size copying a body costs less than a second write. */
const MAX_BODY_BYTES = 8192;
const HEAD_BYTES = 4096;

type WritableHead = ServerResponse & { _header: string; _headerSent: boolean };

/** Heads without date, of answers that are sent again and again. */
const heads = new WeakMap<Answer, string>();

/** Reused as long as the kernel takes all bytes of a write at once. */
const current = { buffer: Buffer.allocUnsafeSlow(HEAD_BYTES + MAX_BODY_BYTES) };

const clock = { second: Number.NaN, text: '' };

/** False if the answer is not one for this way; then nothing was sent. */
export function writeSingle(response: ServerResponse, answer: Answer, keepAliveMs: number): boolean {
  const { body } = answer;
  const { socket } = response;
  if (!Buffer.isBuffer(body) || body.length > MAX_BODY_BYTES || socket === null) return false;
  if (!response.shouldKeepAlive || response.getHeaderNames().length > 0) return false;
  let head = heads.get(answer);
  if (head === undefined) {
    head = headOf(answer);
    heads.set(answer, head);
  }
  const { buffer } = current;
  const text = `${head}Date: ${httpDateNow()}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}\r\n\r\n`;
  if (text.length > HEAD_BYTES) return false;
  const length = buffer.write(text, 'latin1');
  body.copy(buffer, length);
  const internal = response as WritableHead;
  internal._header = text;
  internal._headerSent = true;
  socket.write(buffer.subarray(0, length + body.length), (error) => {
    if (error == null) response.end();
  });
  if (socket.writableLength > 0) current.buffer = Buffer.allocUnsafeSlow(HEAD_BYTES + MAX_BODY_BYTES);
  return true;
}

function headOf({ status, headers }: Answer): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}`;
}

function httpDateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (clock.second !== second) {
    clock.second = second;
    clock.text = new Date(second * 1000).toUTCString();
  }
  return clock.text;
}
