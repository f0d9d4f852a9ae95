/** Runs a command under GNU time, which measures its whole process tree. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export type Command = readonly [program: string, ...words: readonly string[]];

export type Measured = {
  readonly seconds: number;
  /** User and system time of all processes and threads. */
  readonly cpuSeconds: number;
  /** Peak resident memory of the largest process, in 10^6 bytes. */
  readonly peakMB: number;
};

/** A shell pipeline or redirection; `words` become "$1", "$2", … */
export function shell(script: string, ...words: readonly string[]): Command {
  return ['/bin/bash', '-o', 'pipefail', '-c', script, 'bash', ...words];
}

/** Throws with the command's stderr if it fails. */
export async function run(command: Command): Promise<void> {
  const [program, ...words] = command;
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [errors, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (status !== 0) throw new Error(`${command.join(' ')} failed (${status}): ${errors.trim()}`);
}

/** The stdout of a command; throws with its stderr if it fails. */
export async function output(command: Command): Promise<string> {
  const [program, ...words] = command;
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (status !== 0) throw new Error(`${command.join(' ')} failed (${status}): ${errors.trim()}`);
  return printed;
}

export async function measure(command: Command): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'treeport-bench-'));
  const report = join(folder, 'time');
  try {
    const start = performance.now();
    await run(['/usr/bin/time', '--format=%U %S %M', `--output=${report}`, ...command]);
    const seconds = (performance.now() - start) / 1000;
    const [user = Number.NaN, system = Number.NaN, kib = Number.NaN] = (await readFile(report, 'utf8'))
      .split(/\s+/)
      .map(Number);
    return { seconds, cpuSeconds: user + system, peakMB: (kib * 1024) / 1e6 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
