/** Streams that are read before they are asked for, so that whoever makes the pieces and whoever uses them work at the same time. */

/** Passes the stream on, with up to `pieces` of it asked for ahead. Closes it when the consumer stops. */
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

/** A fault of what nobody has come to yet is nobody's. */
function quiet<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}
