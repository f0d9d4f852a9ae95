/** Bounded concurrency over a list of items. */

/**
 * Calls `work` for each item in order, at most `limit` at once. After the first error nothing more starts and
 * the signal aborts the calls in flight with that error; it is thrown when they have ended.
 */
export async function eachConcurrently<Item>(
  items: Iterable<Item>,
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const iterator = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = iterator.next(); !next.done && !stop.signal.aborted; next = iterator.next()) {
      await work(next.value, stop.signal).catch((error: unknown) => stop.abort(error));
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  stop.signal.throwIfAborted();
}
