/** Bounded concurrency over items, which may arrive over time. */

/**
 * Calls `work` for each item in order, at most `limit` at once. After the first error nothing more starts and
 * the signal aborts the calls in flight with that error; it is thrown when they have ended.
 */
export async function eachConcurrently<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const worker = async () => {
    try {
      for (;;) {
        const next = await iterator.next();
        if (next.done || stop.signal.aborted) return;
        await work(next.value, stop.signal);
      }
    } catch (error) {
      stop.abort(error);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  await iterator.return?.();
  stop.signal.throwIfAborted();
}
