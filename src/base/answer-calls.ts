/** The worker's end of a {@link Thread}; the worker's entry point calls it. */
import { parentPort } from 'node:worker_threads';
import { isTreeportError, messageOf } from './errors.ts';
import { CLOSE, type ThreadAnswer } from './thread.ts';

/**
 * Answers requests one at a time, in order, with what `handle` returns or throws. The buffers that `given`
 * lists of an answer are moved, not copied.
 */
export function answerCalls<Request, Value>(
  handle: (request: Request) => Value | Promise<Value>,
  given: (value: Value) => readonly ArrayBuffer[] = () => [],
): void {
  const waiting: Request[] = [];
  const answerAll = async () => {
    for (let request = waiting[0]; request !== undefined; request = waiting[0]) {
      if (request === CLOSE) return parentPort?.close();
      const answer = await answerTo(handle, request);
      parentPort?.postMessage(answer, 'value' in answer ? [...given(answer.value)] : []);
      waiting.shift();
    }
  };
  parentPort?.on('message', (request: Request) => {
    waiting.push(request);
    if (waiting.length === 1) void answerAll();
  });
}

async function answerTo<Request, Value>(
  handle: (request: Request) => Value | Promise<Value>,
  request: Request,
): Promise<ThreadAnswer<Value>> {
  try {
    return { value: await handle(request) };
  } catch (error) {
    return { error: messageOf(error), code: isTreeportError(error) ? error.code : undefined };
  }
}
