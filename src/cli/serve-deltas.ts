/**
 * `treeport serve --delta-policy`: keeps the static deltas of the served repository as a policy lists
 * them. It runs `treeport delta maintain` in a child process of the lowest priority, because a server
 * makes no foreign call and does not wait for compression. The verb runs when the server has started, when
 * refs, the summary or the policy have changed, and once an hour, for grace periods that end and commits
 * that were signed again. It can be killed at any time (../delta/maintain/maintain.ts).
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { onEarlyExit } from '../base/cleanup.ts';
import { messageOf } from '../base/errors.ts';
import { fingerprintOf } from '../server/live/live-value.ts';
import { openLog } from '../server/log.ts';
import { workerCommand } from '../server/worker-command.ts';

export type DeltaMaintenanceOptions = {
  /** Paths of the repository and of the policy. */
  readonly repo: string;
  readonly policy: string;
  /** Maintains the deltas until `stop` is aborted; true if all was done. */
  readonly run: (stop: AbortSignal) => Promise<boolean>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
};

const LOOK_MS = 5000;
const HOUR_MS = 3_600_000;
/** After a failure, such as another maintenance that runs (ERR_DELTA_BUSY). */
const RETRY_MS = 60_000;

export class DeltaMaintenance {
  readonly #options: DeltaMaintenanceOptions;
  readonly #stopping = new AbortController();
  #seen: string | undefined;
  #due = 0;
  #running: Promise<void> | undefined;

  constructor(options: DeltaMaintenanceOptions) {
    this.#options = options;
  }

  /** Maintains the deltas if there is a reason to, one run at a time. */
  look(): Promise<void> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends the run in progress and waits for its end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #look(): Promise<void> {
    const { run, now } = this.#options;
    // What changes during the run is seen by the next look.
    const seen = await this.#fingerprint();
    if (this.#stopping.signal.aborted || (seen === this.#seen && now() < this.#due)) return;
    this.#seen = seen;
    const isDone = await run(this.#stopping.signal);
    this.#due = now() + (isDone ? HOUR_MS : RETRY_MS);
  }

  async #fingerprint(): Promise<string> {
    const { repo, policy } = this.#options;
    const paths = ['refs/heads', 'summary', 'summary.sig'].map((name) => join(repo, name));
    try {
      return (await fingerprintOf([policy, ...paths], { followLinks: true })).text;
    } catch (error) {
      // The verb says what is wrong.
      return messageOf(error);
    }
  }
}

export type StartDeltaMaintenanceOptions = Pick<DeltaMaintenanceOptions, 'repo' | 'policy'> & {
  readonly logLevel: string;
};

/** Maintains the deltas from now on, and logs what becomes of them. */
export function startDeltaMaintenance({ repo, policy, logLevel }: StartDeltaMaintenanceOptions): {
  stop(): Promise<void>;
} {
  const { logger } = openLog(logLevel);
  const words = ['delta', 'maintain', '--repo', repo, '--policy', policy];
  const maintenance = new DeltaMaintenance({
    repo,
    policy,
    now: () => performance.now(),
    run: async (stop) => {
      const failure = await runVerb(words, stop, (level, line) => logger[level](line));
      if (failure !== undefined && !stop.aborted)
        logger.error({ repo, policy }, `the deltas are not as the policy lists them: ${failure}`);
      return failure === undefined;
    },
  });
  const timer = setInterval(() => void maintenance.look(), LOOK_MS);
  void maintenance.look();
  return {
    stop: async () => {
      clearInterval(timer);
      await maintenance.stop();
      await new Promise<void>((resolve) => logger.flush(() => resolve()));
    },
  };
}

type LogLine = (level: 'debug' | 'info' | 'warn', line: string) => void;

/** Steps of `delta maintain` that change nothing. */
const UNCHANGED = /^(?:keep|leave) /;
const PREFIX = /^treeport: (?:warning: )?/;
const FAULT = /^treeport: ERR_/;

/** Runs a verb in a process of its own; undefined if it succeeded, else its error. */
async function runVerb(
  words: readonly string[],
  stop: AbortSignal,
  log: LogLine,
): Promise<string | undefined> {
  const { exec, execArgv } = workerCommand();
  const child = spawn(process.execPath, [...execArgv, exec, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const unregister = onEarlyExit(() => child.kill());
  const kill = () => void child.kill();
  stop.addEventListener('abort', kill);
  if (child.pid !== undefined) lowerPriority(child.pid);
  const faults: string[] = [];
  eachLine(child.stdout, (line) => log(UNCHANGED.test(line) ? 'debug' : 'info', `deltas: ${line}`));
  eachLine(child.stderr, (line) => {
    const message = line.replace(PREFIX, '');
    if (FAULT.test(line)) faults.push(message);
    else log('warn', `deltas: ${message}`);
  });
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  child.once('error', (error) => resolve(messageOf(error)));
  child.once('close', (status, signal) =>
    resolve(status === 0 ? undefined : (faults.at(-1) ?? `it ended with ${signal ?? status}`)),
  );
  try {
    return await promise;
  } finally {
    stop.removeEventListener('abort', kill);
    unregister();
  }
}

function eachLine(stream: Readable, use: (line: string) => void): void {
  createInterface({ input: stream }).on('line', use);
}

/** Of the process and the threads that it will start. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended.
  }
}
