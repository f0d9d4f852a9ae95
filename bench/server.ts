/** A server under test: started on a free loopback port, ended by its process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../test/support/free-port.ts';
import type { Command } from './command.ts';

export type Server = {
  readonly pid: number;
  /** The origin, without a path. */
  readonly origin: string;
  /** Seconds from process start to the first 200. */
  readonly secondsToReady: number;
  /** Ends it at once, without draining, and waits for the exit. */
  readonly stop: () => Promise<void>;
};

export type ServerOptions = {
  readonly command: (port: number) => Command;
  /** A path that answers 200 once the server is ready. */
  readonly readyPath: string;
  /** A file for its stdout: the log of requests. */
  readonly log: string;
  readonly environment?: Readonly<Record<string, string>>;
};

const READY_DEADLINE_MS = 60_000;
const POLL_MS = 2;

export async function startServer(options: ServerOptions): Promise<Server> {
  const { command, readyPath, log, environment } = options;
  const port = await freePort();
  const [program, ...words] = command(port);
  mkdirSync(dirname(log), { recursive: true });
  const output = openSync(log, 'w');
  const start = performance.now();
  const child = spawn(program, words, {
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, ...environment },
  });
  closeSync(output);
  const errors: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.push(text));
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
  child.kill('SIGINT');
  await closed;
}
