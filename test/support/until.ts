/** Waits without a clock. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Resolves when the condition holds; checks it at every turn of the event loop. The test's timeout ends a
 * wait that never does.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Runs everything that is ready. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await nextTurn();
}
