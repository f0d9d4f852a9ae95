/**
 * Several processes that serve one address. Each worker is a complete server (worker.ts): they share the
 * repository, the cache directory and the listening socket, on which each of them accepts connections. This
 * process writes one log of the workers' lines, replaces a worker that dies, and stops all of them together.
 */
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { TreeportError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { type Counters, newCounters } from './http/counters.ts';
import type { Served } from './listen.ts';
import { type Log, openLog } from './log.ts';
import type { StopOptions } from './shutdown.ts';
import type { WorkerMessage } from './worker.ts';
import { workerCommand } from './worker-command.ts';

export type WorkersOptions = {
  readonly count: number;
  /** A pino level. */
  readonly logLevel: string;
};

export type Workers = {
  /** Stops all workers; resolves when the last has ended. Later calls wait for the same shutdown. */
  stop(options?: StopOptions): Promise<void>;
};

/** How long after its start a worker may die before another follows at once. */
const STEADY_MS = 10_000;
const RESTART_MS = 1000;

/** Starts the workers; rejects with the error of a worker that cannot serve. */
export async function startWorkers({ count, logLevel }: WorkersOptions): Promise<Workers> {
  const { exec, execArgv, args } = workerCommand();
  // By default connections go through this process, and those passed to a worker that dies hang for ever.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({ exec, execArgv, args, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const log = openLog(logLevel);
  const supervisor = new Supervisor(log);
  const { url, ...served } = await supervisor.start(count);
  log.logger.info({ version: VERSION, ...served, workers: count }, `serving on ${url}`);
  return { stop: (options) => supervisor.stop(options) };
}

class Supervisor {
  readonly #log: Log;
  readonly #counters: Counters = newCounters();
  #died = 0;
  #stopping: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  async start(count: number): Promise<Served> {
    const workers = Array.from({ length: count }, () => this.#fork());
    try {
      const [first] = await Promise.all(workers.map(served));
      for (const worker of workers) this.#replaceWhenDead(worker);
      return first as Served;
    } catch (error) {
      for (const worker of workers) worker.kill('SIGKILL');
      throw error;
    }
  }

  stop({ atOnce = false }: StopOptions = {}): Promise<void> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    for (const worker of workers) worker.send({ stop: { atOnce } }, () => {});
    this.#stopping ??= this.#awaitEnd(workers);
    return this.#stopping;
  }

  async #awaitEnd(workers: readonly Worker[]): Promise<void> {
    const { logger } = this.#log;
    logger.info(`shutting down ${workers.length} workers, finishing requests in flight`);
    await Promise.all(workers.map((worker) => (worker.isDead() ? undefined : once(worker, 'exit'))));
    logger.info({ counters: this.#counters, workersDied: this.#died }, 'stopped');
    await new Promise<void>((resolve) => logger.flush(() => resolve()));
  }

  #fork(): Worker {
    const worker = cluster.fork();
    // Errors of the channel precede an exit.
    worker.on('error', () => {});
    copyLines(worker.process.stdout, this.#log);
    worker.on('message', ({ stopped }: WorkerMessage) => {
      if (stopped !== undefined) this.#add(stopped);
    });
    return worker;
  }

  #add(counters: Counters): void {
    for (const name of Object.keys(counters) as (keyof Counters)[]) this.#counters[name] += counters[name];
  }

  #replaceWhenDead(worker: Worker): void {
    const start = performance.now();
    worker.once('exit', (code: number | null, signal: string | null) => {
      if (this.#stopping !== undefined) return;
      this.#died += 1;
      const { pid } = worker.process;
      const how = { worker: pid, code, signal, workersDied: this.#died };
      this.#log.logger.error(how, `worker ${pid} died (${signal ?? code}), starting another`);
      // A worker that dies soon after its start would die over and over again.
      const wait = performance.now() - start < STEADY_MS ? RESTART_MS : 0;
      setTimeout(() => this.#replace(), wait);
    });
  }

  #replace(): void {
    if (this.#stopping !== undefined) return;
    const worker = this.#fork();
    this.#replaceWhenDead(worker);
    served(worker).catch((error: Error) => this.#log.logger.error(error.message));
  }
}

/** Resolves when the worker serves; rejects with the error that it reports or dies of. */
function served(worker: Worker): Promise<Served> {
  return new Promise((resolve, reject) => {
    worker.on('message', ({ serving, failed }: WorkerMessage) => {
      if (serving !== undefined) resolve(serving);
      if (failed !== undefined) reject(new TreeportError(failed.code, failed.message));
    });
    worker.once('exit', (code: number | null, signal: string | null) =>
      reject(new Error(`a worker ended before it served anything (${signal ?? code})`)),
    );
  });
}

/** Writes whole lines, as many at once as have come, so that those of several workers do not mix. */
function copyLines(stream: Readable | null, { output }: Log): void {
  const partial = { text: '' };
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    const lines = end === 0 ? '' : partial.text + text.slice(0, end);
    partial.text = (end === 0 ? partial.text : '') + text.slice(end);
    if (lines !== '') output.write(lines);
  });
}
