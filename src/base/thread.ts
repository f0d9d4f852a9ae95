/**
 * A worker thread that answers calls in the order they were made. It keeps the process alive only while calls
 * are under way. It is asked to end and never ended by force: a thread that is stopped while it loads a native
 * module takes the process with it.
 */
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { type ResourceLimits, Worker } from 'node:worker_threads';
import type { ErrorCode } from './error-codes.ts';
import { messageOf, TreeportError } from './errors.ts';
import { workerFile } from './worker-file.ts';

/** Most threads hold little more than the bytes they work on; their heap need not grow before it is cleaned. */
const SMALL_HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128, stackSizeMb: 1 };

type Call<Value> = PromiseWithResolvers<Value>;

/** What a thread's entry point posts for each request, in order. */
export type Answer =
  | { readonly value: unknown }
  | { readonly error: string; readonly code: ErrorCode | undefined };

/** What ends a thread, in place of a request. */
export const CLOSE = 'close';

export class Thread<Request, Value> {
  readonly #worker: Worker;
  readonly #calls: Call<Value>[] = [];
  #failure: TreeportError | undefined;

  /** `entry` is a module beside the one at `importer` (its `import.meta.url`), `./name` without extension. */
  constructor(importer: string, entry: string, limits: ResourceLimits = SMALL_HEAP) {
    this.#worker = new Worker(new URL(workerFile(importer, entry)), {
      resourceLimits: limits,
      env: threadEnvironment(),
    });
    this.#worker.on('message', (answer: Answer) => this.#answer(answer));
    this.#worker.on('error', (error) => this.#fail(messageOf(error)));
    this.#worker.on('exit', (status) => this.#fail(`it exited with ${status}`));
    // Last: listening for messages keeps the process alive.
    this.#worker.unref();
  }

  /** Calls that are not answered yet. */
  get load(): number {
    return this.#calls.length;
  }

  /** Sends a request. Views of shared memory are shared, everything else is copied. */
  call(request: Request): Promise<Value> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const call = Promise.withResolvers<Value>();
    if (this.#calls.length === 0) this.#worker.ref();
    this.#calls.push(call);
    this.#worker.postMessage(request);
    return call.promise;
  }

  /** Resolves when the calls made before are answered and the thread has ended. */
  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    this.#worker.ref();
    const exit = once(this.#worker, 'exit');
    this.#worker.postMessage(CLOSE);
    await exit;
  }

  #answer(answer: Answer): void {
    const call = this.#calls.shift();
    if (this.#calls.length === 0) this.#worker.unref();
    if ('error' in answer) call?.reject(errorOf(answer));
    else call?.resolve(answer.value as Value);
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

/** The compile cache, where there is one, spares a thread that runs from TypeScript sources the compiler. */
function threadEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
}
