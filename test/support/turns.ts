/** Time for tests, in turns of the event loop instead of milliseconds. */

/** Lets everything that is ready run, `count` times over. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
