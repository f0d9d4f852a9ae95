/** Waits without a clock. */
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Resolves when the condition holds, which is asked at every turn of the event loop; the test's own limit
 * ends a wait in vain.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await nextTurn();
}
