/**
 * Runs programs to their end, as a person at a shell would: no exit status is an error by itself, `must`
 * is for the steps that have to work. Every program has a time after which it is killed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { ROOT } from '../../support/project.ts';

export type RunOptions = {
  readonly cwd?: string;
  /** On top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds; 5 minutes if not given. */
  readonly timeout?: number;
};

export type Outcome = {
  /** Null if a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

/** Command lines of the product start with these words. */
export const TREEPORT: readonly [string, string] = [process.execPath, join(ROOT, 'src/cli.ts')];

const DEFAULT_TIMEOUT = 300_000;

/** The environment of every program: system folders on PATH, the words of programs in English. */
export function environment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = [process.env.PATH ?? '', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(delimiter);
  return { ...process.env, PATH: path, LC_ALL: 'C.UTF-8', ...more };
}

/** Runs a program and gives what came of it, whatever that is. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...rest] = words;
  if (program === undefined) throw new Error('no program to run');
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: environment(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? DEFAULT_TIMEOUT,
    killSignal: 'SIGKILL',
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  // A program that does not read its input is its own affair.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return {
    status,
    signal,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
  };
}

/** Runs a program that has to succeed; gives what it printed, without the last line end. */
export async function must(words: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, signal, stdout, stderr } = await run(words, options);
  if (status === 0) return stdout.replace(/\n$/, '');
  const end = signal === null ? `status ${status}` : signal;
  throw new Error(`${words.join(' ')}\nended with ${end}:\n${stderr}${stdout}`);
}

/** Runs the product's command. */
export function treeport(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run([...TREEPORT, ...words], options);
}

/** Runs the product's command, which has to succeed; gives what it printed. */
export function mustTreeport(words: readonly string[], options: RunOptions = {}): Promise<string> {
  return must([...TREEPORT, ...words], options);
}
