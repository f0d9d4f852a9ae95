/** Waiting in tests, by turns of the event loop instead of milliseconds. */

/** Runs pending callbacks `count` times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
