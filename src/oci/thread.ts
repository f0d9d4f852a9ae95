/**
 * A worker thread that answers calls in the order they were made. It keeps the process alive only
 * while calls are under way.
 */
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import { messageOf, TreeportError } from '../base/errors.ts';
import { workerFile } from '../base/worker-file.ts';

/** A thread holds little more than the bytes it works on; its heap need not grow before it is cleaned. */
const SMALL_HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128, stackSizeMb: 1 };

type Call = PromiseWithResolvers<unknown>;

/** What a thread's entry point posts for each request, in order. */
export type Answer = { readonly value: unknown } | { readonly error: string };

export class Thread {
  readonly #worker: Worker;
  readonly #calls: Call[] = [];
  #failure: TreeportError | undefined;

  /** `entry` names a module of this directory, without its extension. */
  constructor(entry: string) {
    this.#worker = new Worker(new URL(workerFile(import.meta.url, entry)), {
      resourceLimits: SMALL_HEAP,
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
  call(request: unknown): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const call = Promise.withResolvers<unknown>();
    if (this.#calls.length === 0) this.#worker.ref();
    this.#calls.push(call);
    this.#worker.postMessage(request);
    return call.promise;
  }

  #answer(answer: Answer): void {
    const call = this.#calls.shift();
    if (this.#calls.length === 0) this.#worker.unref();
    if ('error' in answer)
      call?.reject(new TreeportError('ERR_INTERNAL', `a worker thread failed: ${answer.error}`));
    else call?.resolve(answer.value);
  }

  #fail(reason: string): void {
    this.#failure ??= new TreeportError('ERR_INTERNAL', `a worker thread ended: ${reason}`);
    for (const call of this.#calls.splice(0)) call.reject(this.#failure);
  }
}

/** The compile cache, where there is one, spares a thread that runs from TypeScript sources the compiler. */
function threadEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: cache };
}
