/**
 * Whose fault it is when what a layer holds is wrong: the layer's, or that of who carried it. A layer is verified by
 * its digest only at its end, and damage on the way shows inside it before.
 */
import { isTreeportError } from '../../base/errors.ts';

/**
 * Gives `work` the tar of a layer. If the tar is at fault, the layer is read to its end, and where its digest is wrong,
 * that is what is thrown. Not if the signal, by which `work` is ended for another's fault, is aborted.
 */
export async function attributeLayerError<Value>(
  layer: AsyncGenerator<Uint8Array>,
  work: (tar: AsyncIterable<Uint8Array>) => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  try {
    return await work(unclosable(layer));
  } catch (error) {
    if (isFaultOfContent(error) && !signal?.aborted) for await (const _ of layer);
    throw error;
  } finally {
    await layer.return(undefined);
  }
}

/** Whoever stops reading it has not ended it. */
function unclosable<Piece>(stream: AsyncGenerator<Piece>): AsyncIterable<Piece> {
  return { [Symbol.asyncIterator]: () => ({ next: () => stream.next() }) };
}

function isFaultOfContent(error: unknown): boolean {
  return (
    isTreeportError(error, 'ERR_TAR') ||
    isTreeportError(error, 'ERR_TAR_OBJECT') ||
    isTreeportError(error, 'ERR_OBJECT_CORRUPT') ||
    isTreeportError(error, 'ERR_OBJECT_STRAY')
  );
}
