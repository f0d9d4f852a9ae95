/** Publishes an image for a verb: shows progress, then prints the digest. */
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { ImageReference } from '../oci/model/reference.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import { printLine } from './output.ts';
import { startProgress } from './progress.ts';
import type { PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';

/** Writes and finishes the image; calls `onProgress` with the bytes written since the last call. */
export type BuildWithProgress = (sink: ImageSink, onProgress: (bytes: number) => void) => Promise<Descriptor>;

/** Builds the image, publishes it and prints its manifest digest. `label` is shown with the progress. */
export async function publishAndPrint(
  image: ImageReference,
  label: string,
  options: PublishOptions,
  build: BuildWithProgress,
  result: (digest: string) => string = (digest) => digest,
): Promise<void> {
  const { publishImage } = await import('../oci/write/publish.ts');
  const progress = startProgress({ label, unit: 'bytes', quiet: options.quiet });
  try {
    const onProgress = (bytes: number) => progress.add(bytes);
    const publish = { ...(await registryAccess(options)), signing: options };
    const digest = await publishImage(image, (sink) => build(sink, onProgress), publish);
    progress.stop();
    await printLine(result(digest));
  } catch (error) {
    progress.stop();
    throw error;
  }
}
