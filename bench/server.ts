/** A server under test: started on a free loopback port, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import type { Command } from './command.ts';

export type Server = {
  readonly pid: number;
  /** The origin, without a path. */
  readonly origin: string;
  /** Seconds from process start to the first 200. */
  readonly secondsToReady: number;
  /** Sends SIGTERM and waits for the exit. */
  readonly stop: () => Promise<void>;
};

export type ServerOptions = {
  readonly command: (port: number) => Command;
  /** A path that answers 200 once the server is ready. */
  readonly readyPath: string;
};

const READY_DEADLINE_MS = 60_000;
const POLL_MS = 2;

export async function startServer({ command, readyPath }: ServerOptions): Promise<Server> {
  const port = await freePort();
  const [program, ...words] = command(port);
  const start = performance.now();
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const origin = `http://127.0.0.1:${port}`;
  try {
    await waitUntilReady(child, `${origin}${readyPath}`);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${[program, ...words].join(' ')} is not ready: ${errors.join('').trim()}`, {
      cause: error,
    });
  }
  const secondsToReady = (performance.now() - start) / 1000;
  return { pid: child.pid as number, origin, secondsToReady, stop: () => stop(child) };
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (child.exitCode === null && performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
    await sleep(POLL_MS);
  }
  throw new Error(`no 200 from ${url}`);
}

/** Runs `use` with the server, and stops the server afterwards. */
export async function withServer<T>(
  starting: Promise<Server>,
  use: (server: Server) => Promise<T>,
): Promise<T> {
  const server = await starting;
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}

/** Peak resident memory of the process so far, in 10^6 bytes. */
export function peakMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) * 1024) / 1e6;
}
