/** Writes a layer in one pass: hashes the tar, compresses it, hashes the result. */

import type { Annotations, Descriptor, Digest } from '../model/descriptor.ts';
import { compressStream } from './compress-stream.ts';
import { type Compression, layerMediaType } from './compression.ts';
import type { ImageSink } from './image-sink.ts';

export type LayerOptions = {
  readonly compression: Compression;
  readonly annotations?: Annotations;
  /** Receives, from time to time, the number of tar bytes since the last call. */
  readonly onProgress?: (bytes: number) => void;
  /** Stops with the reason of the signal, because another layer of the image failed. */
  readonly signal?: AbortSignal;
};

export type WrittenLayer = {
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
};

/** Writes the tar stream as a layer blob of `sink`. Several layers may be written at once. */
export async function writeLayer(
  sink: Pick<ImageSink, 'openBlob'>,
  tar: AsyncIterable<Uint8Array>,
  options: LayerOptions,
): Promise<WrittenLayer> {
  const { compression, annotations, onProgress, signal } = options;
  const blob = await sink.openBlob();
  try {
    const write = (bytes: Uint8Array) => blob.write(bytes);
    const { compressed, uncompressed } = await compressStream(tar, {
      compression,
      write,
      onProgress,
      signal,
    });
    await blob.commit(compressed.digest);
    const descriptor = { mediaType: layerMediaType(compression), ...compressed };
    return {
      descriptor: annotations === undefined ? descriptor : { ...descriptor, annotations },
      diffId: uncompressed.digest,
      uncompressedSize: uncompressed.size,
    };
  } catch (error) {
    await blob.abort();
    throw error;
  }
}
