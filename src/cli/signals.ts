/**
 * Handles SIGINT and SIGTERM. Both always have a handler, because without one they are ignored when the
 * process is PID 1 of a container. By default the process exits at once with 128 + the signal's number; a
 * verb can register a graceful stop. A second signal always exits at once.
 */
import { constants } from 'node:os';

type StopSignal = 'SIGINT' | 'SIGTERM';
type Stop = (signal: StopSignal) => Promise<void>;

const current: { stop: Stop | undefined } = { stop: undefined };

/** Installs the handlers. */
export function handleSignals(): void {
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
}

/**
 * Makes the first signal call `stop`. The process exits when that is done, even if something keeps it alive,
 * such as a log pipe without a reader.
 */
export function onStopSignal(stop: Stop): void {
  current.stop = stop;
}

/** Makes signals do nothing: another process says when to stop. */
export function ignoreStopSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, receive).on(signal, () => {});
}

function receive(signal: StopSignal): void {
  const { stop } = current;
  if (stop === undefined) process.exit(128 + constants.signals[signal]);
  current.stop = undefined;
  void stop(signal).then(() => process.exit());
}
