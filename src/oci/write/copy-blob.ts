/** Copies a blob of an image into another, byte for byte and verified. */
import type { Descriptor } from '../model/descriptor.ts';
import type { OpenedImage } from '../read/open-image.ts';
import type { ImageSink } from './image-sink.ts';

export async function copyBlob(
  image: OpenedImage,
  descriptor: Descriptor,
  sink: ImageSink,
  onProgress?: (bytes: number) => void,
): Promise<void> {
  const writer = await sink.openBlob();
  let done = 0;
  try {
    for await (const piece of image.blob(descriptor)) {
      await writer.write(piece);
      done += piece.length;
      onProgress?.(done);
    }
    await writer.commit(descriptor.digest);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
