/**
 * A worker thread that answers calls in order. It keeps the process alive only while calls are in flight, and
 * while it is being closed. It is asked to exit, never terminated: terminating a thread while it loads a
 * native module crashes the process.
 */
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { ErrorCode } from './error-codes.ts';
import { messageOf, TreeportError } from './errors.ts';
import { workerFile } from './worker-file.ts';

/**
 * Most threads hold little more than the bytes they work on, so a small heap that is collected early
 * suffices.
 */
const SMALL_HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128, stackSizeMb: 1 };

type Call<Value> = PromiseWithResolvers<Value>;

/** Posted by the thread's entry point for each request, in order. */
export type ThreadAnswer<Value> =
  | { readonly value: Value }
  | { readonly error: string; readonly code: ErrorCode | undefined };

/** Sent instead of a request to make the thread exit. */
export const CLOSE = 'close';

/** The thread with the fewest calls in flight; `threads` is not empty. */
export function leastBusy<Each extends { readonly load: number }>(threads: readonly Each[]): Each {
  return threads.reduce((best, other) => (other.load < best.load ? other : best));
}

export class Thread<Request, Value> {
  readonly #worker: Worker;
  readonly #calls: Call<Value>[] = [];
  #failure: TreeportError | undefined;
  #isClosing = false;

  /** `entry` is a module beside the one at `importer` (its `import.meta.url`), `./name` without extension. */
  constructor(importer: string, entry: string, limits: ResourceLimits = SMALL_HEAP) {
    this.#worker = new Worker(new URL(workerFile(importer, entry)), {
      resourceLimits: limits,
      env: threadEnvironment(),
    });
    this.#worker.on('message', (answer: ThreadAnswer<Value>) => this.#answer(answer));
    this.#worker.on('error', (error) => this.#fail(messageOf(error)));
    this.#worker.on('exit', (status) => this.#fail(`it exited with ${status}`));
    // Last: listening for messages keeps the process alive.
    this.#worker.unref();
  }

  /** Whether it ended by itself, so that every call fails. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Calls in flight. */
  get load(): number {
    return this.#calls.length;
  }

  /** Sends a request. Buffers `given` are moved, views of shared memory are shared, the rest is copied. */
  call(request: Request, given: readonly ArrayBuffer[] = []): Promise<Value> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const call = Promise.withResolvers<Value>();
    if (this.#calls.length === 0) this.#worker.ref();
    this.#calls.push(call);
    this.#worker.postMessage(request, [...given]);
    return call.promise;
  }

  /** Resolves when all earlier calls are answered and the thread has exited. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#isClosing = true;
    this.#worker.ref();
    const exit = once(this.#worker, 'exit');
    this.#worker.postMessage(CLOSE);
    await exit;
  }

  #answer(answer: ThreadAnswer<Value>): void {
    const call = this.#calls.shift();
    // close() waits for the exit, and nothing else may keep the process alive.
    if (this.#calls.length === 0 && !this.#isClosing) this.#worker.unref();
    if ('error' in answer) call?.reject(errorOf(answer));
    else call?.resolve(answer.value);
  }

  #fail(reason: string): void {
    this.#failure ??= new TreeportError('ERR_INTERNAL', `a worker thread ended: ${reason}`);
    for (const call of this.#calls.splice(0)) call.reject(this.#failure);
  }
}

function errorOf(answer: { readonly error: string; readonly code: ErrorCode | undefined }): TreeportError {
  if (answer.code !== undefined) return new TreeportError(answer.code, answer.error);
  return new TreeportError('ERR_INTERNAL', `a worker thread failed: ${answer.error}`);
}

/** Passes the compile cache on, so that threads started from TypeScript sources need not compile again. */
function threadEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
}
