/** Puts a link in front of a server: a process of its own, whose processor time is known at the end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { processUsage } from '../process-usage.ts';
import type { Link } from './links.ts';

export type LinkUsage = {
  readonly cpuSeconds: number;
  /** 10^6 bytes that the clients received and sent. */
  readonly downMB: number;
  readonly upMB: number;
};

export type StartedLink = {
  /** What clients connect to, without a path. */
  readonly origin: string;
  /** Ends the link; undefined for the loopback, which is no process. */
  readonly stop: () => Promise<LinkUsage | undefined>;
};

export async function startLink(link: Link, serverOrigin: string): Promise<StartedLink> {
  if (link.speed === undefined) return { origin: serverOrigin, stop: async () => undefined };
  const { bytesPerSecond, delayMs } = link.speed;
  const args = [bytesPerSecond, delayMs, Number(new URL(serverOrigin).port)].map(String);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'proxy-main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? 'null');
  const { port } = await next();
  const atStart = processUsage(child.pid as number).cpuSeconds;
  return {
    origin: `http://127.0.0.1:${port}`,
    async stop() {
      const { cpuSeconds } = processUsage(child.pid as number);
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      const { up, down } = await next();
      await closed;
      return { cpuSeconds: cpuSeconds - atStart, downMB: down / 1e6, upMB: up / 1e6 };
    },
  };
}

/** Runs `use` with the origin that clients connect to, and returns its result and what the link took. */
export async function overLink<T>(
  link: Link,
  serverOrigin: string,
  use: (origin: string) => Promise<T>,
): Promise<{ readonly result: T; readonly usage: LinkUsage | undefined }> {
  const started = await startLink(link, serverOrigin);
  try {
    const result = await use(started.origin);
    return { result, usage: await started.stop() };
  } catch (error) {
    await started.stop();
    throw error;
  }
}
