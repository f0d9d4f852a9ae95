/**
 * Going down in order. First `/readyz` fails while everything is still served, so that whoever sends traffic here
 * sees it and stops; then the listening socket and idle connections close and running answers finish; what is left
 * at the deadline is cut. Which signal stops a server is the business of the program (cli/signals.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Server } from './app.ts';

export type ShutdownOptions = {
  /** How long the server goes on serving, not ready; milliseconds. */
  readonly drainDelayMs: number;
  /** How long running answers may take then; milliseconds. */
  readonly finishMs: number;
};

export type StopOptions = {
  /** Without the delay, or with an end to it where it has begun. */
  readonly atOnce?: boolean;
};

/** What a mirror image waits: a load balancer that asks every 5 seconds has seen it then. */
export const IMAGE_DRAIN_DELAY_SECONDS = 5;
/** How long running answers may take. */
export const FINISH_SECONDS = 25;
const IDLE_CHECK_MS = 200;

/** The function that stops the server; calls after the first wait for the same end. */
export function shutdownOf(
  server: Server,
  logger: Logger,
  options: ShutdownOptions,
): (stop?: StopOptions) => Promise<void> {
  const hurry = new AbortController();
  const state: { done?: Promise<void> } = {};
  return ({ atOnce = false } = {}) => {
    if (atOnce) hurry.abort();
    state.done ??= shutDown(server, logger, options, hurry.signal);
    return state.done;
  };
}

async function shutDown(
  { app, counters, startDraining }: Server,
  logger: Logger,
  { drainDelayMs, finishMs }: ShutdownOptions,
  hurry: AbortSignal,
): Promise<void> {
  startDraining();
  if (drainDelayMs > 0 && !hurry.aborted) {
    logger.info(`not ready any more, still serving for ${drainDelayMs / 1000} s`);
    await sleep(drainDelayMs, undefined, { signal: hurry }).catch(() => {});
  }
  logger.info('shutting down, finishing running requests');
  // Connections that become idle only now would otherwise stay for the keep-alive time.
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  const deadline = setTimeout(() => {
    logger.warn('the time to finish is over, closing the remaining connections');
    app.server.closeAllConnections();
  }, finishMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(deadline);
  }
  logger.info({ counters }, 'stopped');
  await new Promise<void>((resolve) => logger.flush(() => resolve()));
}
