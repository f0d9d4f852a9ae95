/** Whether this process or its machine has no processor to spare at the moment. */
import { performance } from 'node:perf_hooks';
import { ProcessorLoad } from '../../base/processor-load.ts';

/** Most of the event loop's time, and least of the machine's, that leaves a processor to spare. */
const MOST_ACTIVE = 0.85;
const LEAST_IDLE = 0.2;
const LOOK_MS = 250;

const machine = new ProcessorLoad();
const loop = { since: performance.eventLoopUtilization(), at: 0, isBusy: false };

/** Whether the event loop has hardly any time left. Looks four times a second at most. */
export function isLoopBusy(): boolean {
  const now = performance.now();
  if (now - loop.at > LOOK_MS) {
    const current = performance.eventLoopUtilization();
    loop.isBusy = performance.eventLoopUtilization(current, loop.since).utilization > MOST_ACTIVE;
    loop.since = current;
    loop.at = now;
  }
  return loop.isBusy;
}

/** The same, or whether the machine has no processor to spare. */
export function isMachineBusy(): boolean {
  return isLoopBusy() || machine.idleShare() < LEAST_IDLE;
}
