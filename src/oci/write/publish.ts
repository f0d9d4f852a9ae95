/**
 * Publishes an image under a reference: `oci:` and `oci-archive:` natively, all other transports through a
 * temporary layout and skopeo.
 */
import { join } from 'node:path';
import { TreeportError } from '../../base/errors.ts';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import type { Descriptor, Digest } from '../model/descriptor.ts';
import { formatImageReference, type ImageReference, layoutLocation } from '../model/reference.ts';
import { type ImageSigning, isSigning, signingArgs } from '../skopeo/image-signing.ts';
import { type RegistryAccess, skopeoAccess } from '../skopeo/registry-access.ts';
import { requireSkopeo, skopeoCopy } from '../skopeo/skopeo.ts';
import { createArchiveSink } from './archive.ts';
import type { ImageSink } from './image-sink.ts';
import { createLayoutSink } from './layout-directory.ts';

export type PublishImageOptions = RegistryAccess & {
  /** Sign the image while it is pushed; only for transports of skopeo that keep signatures. */
  readonly signing?: ImageSigning;
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
  const { signing = {} } = options;
  if (isSigning(signing)) refuseUnsignable(reference);
  switch (reference.transport) {
    case 'oci':
      return buildInto(await createLayoutSink(layoutLocation(reference)), build);
    case 'oci-archive':
      return buildInto(await createArchiveSink(layoutLocation(reference)), build);
    default: {
      await requireSkopeo();
      const signed = await signingArgs(signing);
      return withTemporaryDirectory(async (directory) => {
        const path = join(directory, 'image');
        await buildInto(await createLayoutSink({ path, tag: undefined }), build);
        const { args, input } = skopeoAccess(reference, options, 'dest-');
        const to = formatImageReference(reference);
        return skopeoCopy(`oci:${path}`, to, { copy: [...args, ...signed], input, what: `writing ${to}` });
      });
    }
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

/** Signatures of images have a place in registries and containers-storage, but not in these. */
function refuseUnsignable(reference: ImageReference): void {
  if (!['oci', 'oci-archive', 'docker-archive', 'docker-daemon'].includes(reference.transport)) return;
  throw new TreeportError(
    'ERR_USAGE',
    `an image cannot be signed in ${formatImageReference(reference)}: push it to a registry (docker://NAME) to sign it`,
  );
}
