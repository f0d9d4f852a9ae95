/**
 * What SIGINT and SIGTERM do. They are handled always, because a process without a handler ignores both
 * when it is PID 1 of a container. By default the process exits at once with 128 + the signal's number; a verb that has
 * something to finish sets its own way to stop. A second signal always exits at once.
 */
import { constants } from 'node:os';

type StopSignal = 'SIGINT' | 'SIGTERM';
type Stop = (signal: StopSignal) => Promise<void>;

const current: { stop: Stop | undefined } = { stop: undefined };

/** Handles the signals from now on. */
export function handleSignals(): void {
  process.on('SIGINT', receive);
  process.on('SIGTERM', receive);
}

/**
 * Makes the first signal call `stop` and exits when that is done: what then still keeps the process alive, as a log that
 * nobody reads, must not.
 */
export function onStopSignal(stop: Stop): void {
  current.stop = stop;
}

function receive(signal: StopSignal): void {
  const { stop } = current;
  if (stop === undefined) process.exit(128 + constants.signals[signal]);
  current.stop = undefined;
  void stop(signal).then(() => process.exit());
}
