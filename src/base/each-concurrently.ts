/** Work on many things, a few at a time. */

/**
 * Calls `work` for each item, at most `limit` at once, in order. The first fault is thrown when all that had begun has
 * ended; the others are told by the signal, whose reason it is, and nothing more begins.
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
