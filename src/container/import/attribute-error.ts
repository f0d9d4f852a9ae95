/**
 * Attributes an error in a layer's content: to the layer itself, or to its transfer. The digest is verified
 * only at the end of a layer, so damage in transit first appears as invalid content.
 */
import { isTreeportError } from '../../base/errors.ts';

/**
 * Runs `work` on the tar of a layer. If the content is invalid, reads the layer to its end and throws
 * ERR_BLOB_CORRUPT if the digest is wrong; otherwise rethrows. Skips this if `signal`, which cancels `work`,
 * is aborted.
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

/** The stream without `return`, so that a reader that stops early does not end it. */
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
