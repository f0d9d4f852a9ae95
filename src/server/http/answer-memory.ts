/**
 * Accounts for answers that are sent from memory, over all servers of this process. Small answers are not
 * counted, because a connection has only one at a time. Over the limit, objects are streamed that would
 * otherwise be sent from memory; over twice the limit, the oldest answers are aborted, because their clients
 * have had the most time to read.
 */
import type { ServerResponse } from 'node:http';
import { PIECE_BYTES } from './piece-stream.ts';

const FULL_BYTES = 32 * 1024 * 1024;

type Held = { readonly size: number; readonly responses: Set<ServerResponse> };

export class AnswerMemory {
  readonly #fullBytes: number;
  /** By their body, oldest first; requests for one object may share a buffer. */
  readonly #answers = new Map<Buffer, Held>();
  #held = 0;

  constructor(fullBytes: number = FULL_BYTES) {
    this.#fullBytes = fullBytes;
  }

  get held(): number {
    return this.#held;
  }

  get isFull(): boolean {
    return this.#held > this.#fullBytes;
  }

  /** Counts the bytes until the answer has been sent, or its connection closed. */
  hold(bytes: Buffer, response: ServerResponse): void {
    if (bytes.length <= PIECE_BYTES) return;
    const sharing = this.#answers.get(bytes);
    if (sharing === undefined) {
      this.#held += bytes.length;
      // A buffer that was freed has no length any more.
      this.#answers.set(bytes, { size: bytes.length, responses: new Set([response]) });
      this.#cutOldest(bytes);
    } else sharing.responses.add(response);
    response.once('close', () => this.#release(bytes, response));
  }

  #cutOldest(newest: Buffer): void {
    for (const [bytes, { responses }] of this.#answers) {
      if (this.#held <= this.#fullBytes * 2 || bytes === newest) return;
      for (const response of responses) {
        response.destroy();
        this.#release(bytes, response);
      }
    }
  }

  #release(bytes: Buffer, response: ServerResponse): void {
    const sharing = this.#answers.get(bytes);
    if (sharing?.responses.delete(response) !== true || sharing.responses.size > 0) return;
    this.#answers.delete(bytes);
    this.#held -= sharing.size;
  }
}

/** The one instance of this process. */
export const answerMemory: AnswerMemory = new AnswerMemory();
