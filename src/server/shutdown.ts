/**
 * Graceful shutdown. First `/readyz` fails while everything is still served, so that load balancers drain the
 * server; then the listening socket and idle connections close and requests in flight finish; connections
 * that are left at the deadline are closed. cli/signals.ts maps signals to it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Server } from './app.ts';

export type ShutdownOptions = {
  /** How long the server keeps serving while it is not ready; milliseconds. */
  readonly drainDelayMs: number;
  /** How long requests in flight may take after that; milliseconds. */
  readonly finishMs: number;
  readonly level: LifecycleLevel;
};

/** Level of the lines about start and stop: one of several servers leaves them to the process above. */
export type LifecycleLevel = 'info' | 'debug';

export type StopOptions = {
  /** Skips the drain delay, or ends one that has begun. */
  readonly atOnce?: boolean;
};

/** Drain delay of mirror images: long enough for a load balancer that probes every 5 seconds. */
export const IMAGE_DRAIN_DELAY_SECONDS = 5;
/** How long requests in flight may take by default. */
export const FINISH_SECONDS = 25;
const IDLE_CHECK_MS = 200;

/** The function that stops the server; later calls wait for the same shutdown. */
export function shutdownOf(
  server: Server,
  logger: Logger,
  options: ShutdownOptions,
): (stop?: StopOptions) => Promise<void> {
  const hurry = new AbortController();
  let done: Promise<void> | undefined;
  return ({ atOnce = false } = {}) => {
    if (atOnce) hurry.abort();
    done ??= shutDown(server, logger, options, hurry.signal);
    return done;
  };
}

async function shutDown(
  { app, counters, startDraining }: Server,
  logger: Logger,
  { drainDelayMs, finishMs, level }: ShutdownOptions,
  hurry: AbortSignal,
): Promise<void> {
  startDraining();
  if (drainDelayMs > 0 && !hurry.aborted) {
    logger[level](`draining: /readyz fails, still serving for ${drainDelayMs / 1000} s`);
    await sleep(drainDelayMs, undefined, { signal: hurry }).catch(() => {});
  }
  logger[level]('shutting down, finishing requests in flight');
  // Connections that become idle from now on would otherwise stay open for the keep-alive time.
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  const deadline = setTimeout(() => {
    logger.warn('shutdown deadline reached, closing the remaining connections');
    app.server.closeAllConnections();
  }, finishMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
  logger[level]({ counters }, 'stopped');
  await new Promise<void>((resolve) => logger.flush(() => resolve()));
}
