/** Read-ahead for streams, so that producer and consumer work at the same time. */

/** Passes the stream on, prefetching up to `pieces` pieces. Closes it when the consumer stops. */
export async function* readAhead<Piece>(source: AsyncIterable<Piece>, pieces: number): AsyncGenerator<Piece> {
  const iterator = source[Symbol.asyncIterator]();
  const asked: Promise<IteratorResult<Piece>>[] = [];
  try {
    for (;;) {
      while (asked.length <= pieces) asked.push(quiet(iterator.next()));
      const next = await asked.shift();
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

/** Swallows an error from read-ahead; the consumer still gets it when it reaches that piece. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
