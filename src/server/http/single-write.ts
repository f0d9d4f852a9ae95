/**
 * Answers from memory in a single write, a short one through one buffer for head and body. node:http checks
 * and formats every header of every answer, and takes several writes and callbacks for each.
 *
 * The head has the bytes that `writeHead` of node:http would send. Only responses on which nothing was set,
 * of connections that stay open, take this way. `_header` and `_headerSent` are how node:http notes that the
 * head is sent; without them `end` would send another.
 */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer } from './answer.ts';
import { answerMemory } from './answer-memory.ts';
import { KEEP_ALIVE_MS } from './http-server.ts';

/** Copying up to this size costs less than a second buffer in a write. */
const SCRATCH_BYTES = 12 * 1024;

type WritableHead = ServerResponse & { _header: string; _headerSent: boolean };

/** Heads without date, of answers that are sent again and again. */
const heads = new WeakMap<Answer, string>();

const scratch = { buffer: Buffer.allocUnsafeSlow(SCRATCH_BYTES) };

/** The end of every head, for this second. */
const ending = { second: Number.NaN, text: '' };

/** False if the answer is not one for this way; then nothing was sent. */
export function writeSingle(response: ServerResponse, answer: Answer): boolean {
  const { body } = answer;
  const { socket } = response;
  if (!Buffer.isBuffer(body) || socket === null) return false;
  if (!response.shouldKeepAlive || response.getHeaderNames().length > 0) return false;
  const head = headOf(answer) + endingNow();
  const internal = response as WritableHead;
  internal._header = head;
  internal._headerSent = true;
  const sent = (error?: Error | null) => {
    if (error != null) return;
    response.end();
    answer.release?.();
  };
  if (head.length + body.length <= SCRATCH_BYTES) writeCopy(socket, head, body, sent);
  else {
    answerMemory.hold(body, response);
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body, sent);
    socket.uncork();
  }
  return true;
}

/**
 * The same for the answer to a request that was not parsed, on a connection that stays open. Only of short
 * answers, which the kernel takes whole when the client has read the answers before.
 */
export function writeShort(socket: Socket, answer: Answer): boolean {
  const { body } = answer;
  if (!Buffer.isBuffer(body) || body.length > SCRATCH_BYTES) return false;
  const head = headOf(answer) + endingNow();
  if (head.length + body.length > SCRATCH_BYTES) return false;
  writeCopy(socket, head, body);
  answer.release?.();
  return true;
}

/** Through the scratch buffer, which is used again as long as the kernel takes all of a write at once. */
function writeCopy(socket: Socket, head: string, body: Buffer, sent?: (error?: Error | null) => void): void {
  const { buffer } = scratch;
  const length = buffer.write(head, 'latin1');
  body.copy(buffer, length);
  socket.write(buffer.subarray(0, length + body.length), sent);
  if (socket.writableLength > 0) scratch.buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
}

function headOf(answer: Answer): string {
  const known = heads.get(answer);
  if (known !== undefined) return known;
  const { status, headers } = answer;
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}`;
  heads.set(answer, head);
  return head;
}

function endingNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (ending.second !== second) {
    const date = new Date(second * 1000).toUTCString();
    ending.second = second;
    ending.text = `Date: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1000}\r\n\r\n`;
  }
  return ending.text;
}
