/** Servers that tests start: they are waited for, what they print is kept, and they are ended by their id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment, type RunOptions } from './run.ts';
import { atEnd } from './scratch.ts';

const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 15_000;

export type Running = {
  readonly pid: number;
  /** Everything printed so far, stdout and stderr. */
  readonly output: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly hasEnded: () => boolean;
  /** Waits for the end; the exit status, or the signal that ended it. */
  readonly ended: () => Promise<number | NodeJS.Signals>;
};

/** Starts a program that runs until the test ends, or until it is told to stop. */
export function start(
  t: Pick<TestContext, 'after'>,
  words: readonly string[],
  options: Pick<RunOptions, 'cwd' | 'env'> = {},
): Running {
  const [program, ...rest] = words;
  if (program === undefined) throw new Error('no program to start');
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => parts.push(part));
  const close = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = () => close.then(([status, signal]) => status ?? signal ?? 'SIGKILL');
  atEnd(t, () => stop(child, ended));
  return {
    pid: child.pid ?? -1,
    output: () => Buffer.concat(parts).toString(),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    signal: (signal) => void child.kill(signal),
    ended,
  };
}

async function stop(child: ChildProcess, ended: () => Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
  await ended();
  clearTimeout(timer);
}

/** Tries until `probe` gives something; what it throws counts as not yet. */
export async function eventually<Value>(
  what: string,
  probe: () => Promise<Value | undefined> | Value | undefined,
  timeout: number = START_TIMEOUT,
): Promise<Value> {
  const end = Date.now() + timeout;
  let last: unknown = 'nothing';
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw new Error(`${what} did not happen within ${timeout} ms; last: ${String(last)}`);
}

/** Waits until the URL answers 200; throws when the program has ended instead. */
export async function whenAnswering(url: string, program: Running): Promise<void> {
  const state = await eventually(`${url} answers 200`, async () => {
    if (program.hasEnded()) return 'ended';
    return (await fetch(url)).ok ? 'answers' : undefined;
  });
  if (state === 'ended') throw new Error(`the program ended:\n${program.output()}`);
}
