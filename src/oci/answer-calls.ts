/** The other end of a Thread: run by a worker's entry point. */
import { parentPort } from 'node:worker_threads';
import { messageOf } from '../base/errors.ts';
import type { Answer } from './thread.ts';

/** Answers each request with what `handle` returns or throws. */
export function answerCalls<Request>(handle: (request: Request) => unknown): void {
  parentPort?.on('message', (request: Request) => parentPort?.postMessage(answerTo(handle, request)));
}

function answerTo<Request>(handle: (request: Request) => unknown, request: Request): Answer {
  try {
    return { value: handle(request) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
