/** The runtime of a runtime image (`treeport mirror runtime`), whose single layer is copied unchanged. */
import { TreeportError } from '../../base/errors.ts';
import { formatImageReference, type ImageReference } from '../../oci/model/reference.ts';
import { openImage } from '../../oci/read/open-image.ts';
import type { RegistryAccess } from '../../oci/skopeo/registry-access.ts';
import { copyBlob } from '../../oci/write/image-sink.ts';
import { FORMER_HOME } from '../layout.ts';
import { LABEL_RUNTIME } from '../mirror-config.ts';
import { formerRuntime, type Runtime } from './runtime.ts';

/** Opens the image for `architecture`; ERR_RUNTIME if it is not a runtime image. */
export async function runtimeInImage(
  reference: ImageReference,
  architecture: string,
  access: RegistryAccess = {},
): Promise<Runtime> {
  const image = await openImage(reference, { ...access, platform: { os: 'linux', architecture } });
  const [layer, ...more] = image.manifest.layers;
  const [diffId] = image.config.rootfs.diff_ids;
  const isRuntime = image.config.config?.Labels?.[LABEL_RUNTIME] !== undefined;
  if (!isRuntime || layer === undefined || diffId === undefined || more.length > 0) {
    await image.close();
    const name = formatImageReference(reference);
    throw new TreeportError(
      'ERR_RUNTIME',
      `${name} is not a runtime image; make one with \`treeport mirror runtime\``,
    );
  }
  if (image.config.config?.Entrypoint?.[0]?.startsWith(`/${FORMER_HOME}/`)) {
    await image.close();
    throw formerRuntime(formatImageReference(reference));
  }
  const { mediaType, digest, size } = layer;
  const createdBy = image.config.history?.[0]?.created_by ?? 'treeport runtime';
  return {
    architecture: image.config.architecture,
    bytes: size,
    diffId: async () => diffId,
    async putLayer(sink, { created, onProgress }) {
      await copyBlob(image, layer, sink, onProgress);
      return { descriptor: { mediaType, digest, size }, diffId, history: { created, created_by: createdBy } };
    },
    close: () => image.close(),
  };
}
