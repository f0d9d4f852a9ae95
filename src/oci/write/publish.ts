/**
 * Publishes an image under a reference: `oci:` and `oci-archive:` natively, all other transports through a
 * temporary layout and skopeo.
 */
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import type { Descriptor, Digest } from '../model/descriptor.ts';
import { formatImageReference, type ImageReference, layoutLocation } from '../model/reference.ts';
import { signingArgs } from '../skopeo/image-signing.ts';
import { skopeoAccess } from '../skopeo/registry-access.ts';
import { skopeoCopy } from '../skopeo/skopeo.ts';
import { UploadWatch } from '../skopeo/upload-progress.ts';
import { createArchiveSink } from './archive.ts';
import { checkDestination, type DestinationOptions } from './destination.ts';
import type { ImageSink } from './image-sink.ts';
import { createLayoutSink } from './layout-directory.ts';

export type PublishImageOptions = DestinationOptions & {
  /** The destination was checked already, so that it is not asked again. */
  readonly isChecked?: boolean;
  /**
   * Receives, from time to time, how many bytes skopeo has sent of those that are to be sent, and their
   * total.
   */
  readonly onUpload?: (done: number, total: number) => void;
};

/** Writes an image into the sink and finishes it; returns its manifest's descriptor. */
export type BuildImage = (sink: ImageSink) => Promise<Descriptor>;

/**
 * Builds the image and publishes it; returns the digest of the manifest as it is stored there. On failure
 * nothing is left under the final name.
 */
export async function publishImage(
  reference: ImageReference,
  build: BuildImage,
  options: PublishImageOptions = {},
): Promise<Digest> {
  const { signing = {}, isChecked = false, isIndex = false, onUpload } = options;
  if (!isChecked) await checkDestination(reference, options);
  switch (reference.transport) {
    case 'oci':
      return buildInto(await createLayoutSink(layoutLocation(reference)), build);
    case 'oci-archive':
      return buildInto(await createArchiveSink(layoutLocation(reference)), build);
    default:
      return withTemporaryDirectory(async (directory) => {
        const path = join(directory, 'image');
        await buildInto(await createLayoutSink({ path, tag: undefined }), build);
        const { args, input } = skopeoAccess(reference, options, 'dest-');
        const to = formatImageReference(reference);
        const copy = [...(isIndex ? ['--all'] : []), ...args, ...(await signingArgs(signing))];
        const upload = onUpload && new UploadWatch(path, onUpload);
        const watching = upload && {
          onStart: (pid: number) => upload.start(pid),
          onDebug: (message: string) => upload.read(message),
        };
        const copying = { copy, input, what: `writing ${to}`, ...watching };
        const digest = await skopeoCopy(`oci:${path}`, to, copying);
        upload?.finish();
        return digest;
      });
  }
}

async function buildInto(sink: ImageSink, build: BuildImage): Promise<Digest> {
  try {
    return (await build(sink)).digest;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
