/** The worker's end of a {@link Thread}; the worker's entry point calls it. */
import { parentPort } from 'node:worker_threads';
import { isTreeportError, messageOf } from './errors.ts';
import { CLOSE, type ThreadAnswer } from './thread.ts';

/** Answers requests one at a time, in order, with what `handle` returns or throws. */
export function answerCalls<Request>(handle: (request: Request) => unknown): void {
  const waiting: Request[] = [];
  const answerAll = async () => {
    for (let request = waiting[0]; request !== undefined; request = waiting[0]) {
      if (request === CLOSE) return parentPort?.close();
      parentPort?.postMessage(await answerTo(handle, request));
      waiting.shift();
    }
  };
  parentPort?.on('message', (request: Request) => {
    waiting.push(request);
    if (waiting.length === 1) void answerAll();
  });
}

async function answerTo<Request>(
  handle: (request: Request) => unknown,
  request: Request,
): Promise<ThreadAnswer> {
  try {
    return { value: await handle(request) };
  } catch (error) {
    return { error: messageOf(error), code: isTreeportError(error) ? error.code : undefined };
  }
}
