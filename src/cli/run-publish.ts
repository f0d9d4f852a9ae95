/** Publishes an image for a verb: shows progress, then prints the digest. */
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference, type ImageReference } from '../oci/model/reference.ts';
import type { ImageSink } from '../oci/write/image-sink.ts';
import type { PublishImageOptions } from '../oci/write/publish.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import type { PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';

/** Writes and finishes the image; calls `onProgress` with the bytes written since the last call. */
export type BuildWithProgress = (sink: ImageSink, onProgress: (bytes: number) => void) => Promise<Descriptor>;

/** Where an image will be published. */
export type Target = { readonly image: ImageReference; readonly publish: PublishImageOptions };

/** Checks the destination, unless nothing will be written; called before the work begins. */
export async function openTarget(
  image: ImageReference,
  options: PublishOptions & { readonly dryRun?: boolean; readonly isIndex?: boolean },
): Promise<Target> {
  const { checkDestination } = await import('../oci/write/destination.ts');
  const publish = { ...(await registryAccess(options)), signing: options, isIndex: options.isIndex ?? false };
  if (options.dryRun !== true) await checkDestination(image, publish);
  return { image, publish: { ...publish, isChecked: true } };
}

/** What a verb prints about the image. */
export type PublishReport = {
  /** The line that tells the digest; default: the digest alone. */
  readonly line?: ((digest: string) => string) | undefined;
  /** More members of the JSON document. */
  readonly facts?: () => Promise<object>;
};

/** Builds the image, publishes it and prints its manifest digest. `label` is shown with the progress. */
export async function publishAndPrint(
  { image, publish }: Target,
  label: string,
  options: PublishOptions,
  build: BuildWithProgress,
  { line = (digest) => digest, facts = async () => ({}) }: PublishReport = {},
): Promise<void> {
  const { publishImage } = await import('../oci/write/publish.ts');
  const progress = startProgress({ label, unit: 'bytes', quiet: options.quiet });
  try {
    const onProgress = (bytes: number) => progress.add(bytes);
    const digest = await publishImage(image, (sink) => build(sink, onProgress), publish);
    progress.stop();
    if (options.json) await printJson({ image: formatImageReference(image), digest, ...(await facts()) }, 2);
    else await printLine(line(digest));
  } catch (error) {
    progress.stop();
    throw error;
  }
}
