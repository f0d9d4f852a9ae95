/** Publishes an image for a verb: shows progress, then prints the digest. */

import { writeFileAtomic } from '../base/atomic-file.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import { formatImageReference, type ImageReference } from '../oci/model/reference.ts';
import type { ImageSink, OnImageBytes } from '../oci/write/image-sink.ts';
import type { PublishImageOptions } from '../oci/write/publish.ts';
import { printJson, printLine } from './output.ts';
import { startProgress } from './progress.ts';
import type { PublishOptions } from './publish-options.ts';
import { registryAccess } from './registry-options.ts';

/**
 * Writes and finishes the image; calls `onProgress` with the bytes read since the last call and, if it is
 * known, the total, or `reach` with how much of the image is made, from 0 to 1.
 */
export type BuildWithProgress = (
  sink: ImageSink,
  onProgress: OnImageBytes,
  reach: (fraction: number) => void,
) => Promise<Descriptor>;

/** How much of the work building is, if skopeo uploads the image afterwards. */
const BUILDING = 0.7;

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

/** The sink, which adds up the bytes that are written into it. */
function countingSink(sink: ImageSink, written: { bytes: number }): ImageSink {
  const linkBlob = async (file: string, blob: Descriptor) => {
    const isLinked = (await sink.linkBlob?.(file, blob)) === true;
    if (isLinked) written.bytes += blob.size;
    return isLinked;
  };
  return {
    linkBlob,
    has: (blob) => sink.has(blob),
    openBlob: async () => {
      const blob = await sink.openBlob();
      return {
        write: (bytes) => {
          written.bytes += bytes.length;
          return blob.write(bytes);
        },
        commit: (digest) => blob.commit(digest),
        abort: () => blob.abort(),
      };
    },
    finish: (manifest, platform) => sink.finish(manifest, platform),
    abort: () => sink.abort(),
  };
}

/** Builds the image, publishes it and prints its manifest digest. `label` is shown with the progress. */
export async function publishAndPrint(
  { image, publish }: Target,
  label: string,
  options: PublishOptions,
  build: BuildWithProgress,
  { line = (digest) => digest, facts = async () => ({}) }: PublishReport = {},
): Promise<void> {
  const { publishImage } = await import('../oci/write/publish.ts');
  const isLocal = image.transport === 'oci' || image.transport === 'oci-archive';
  const share = isLocal ? 1 : BUILDING;
  const progress = startProgress({ label, unit: 'bytes', quiet: options.quiet, share });
  const written = { bytes: 0 };
  try {
    const digest = await publishImage(
      image,
      async (sink) => {
        const onProgress: OnImageBytes = (bytes, total) => progress.add(bytes, total);
        const manifest = await build(countingSink(sink, written), onProgress, (part) => progress.reach(part));
        if (!isLocal) progress.next('uploading', 'bytes');
        return manifest;
      },
      { ...publish, onUpload: (done, total) => progress.update(done, total) },
    );
    if (options.digestfile !== undefined) await writeFileAtomic(options.digestfile, Buffer.from(digest));
    progress.finish({ where: formatImageReference(image), digest, amount: written.bytes, unit: 'bytes' });
    if (options.json) await printJson({ image: formatImageReference(image), digest, ...(await facts()) }, 2);
    else await printLine(line(digest));
  } catch (error) {
    progress.stop();
    throw error;
  }
}
