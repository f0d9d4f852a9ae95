/** The platforms of which a reference has images, for work on all of them. */
import { TreeportError } from '../../base/errors.ts';
import type { Platform } from '../model/descriptor.ts';
import { type ImageIndex, isIndexType, parseIndex } from '../model/image-layout.ts';
import { isManifestType } from '../model/manifest.ts';
import { formatImageReference, type ImageReference, layoutLocation } from '../model/reference.ts';
import { type BlobStore, openArchiveStore, openLayoutStore } from './blob-store.ts';
import type { OpenImageOptions } from './open-image-options.ts';
import { topLevelEntries } from './open-layout.ts';
import { readSmallBlob } from './read-blob.ts';

/**
 * The platforms in an image index, in its order; undefined if there is one image alone. Entries for no
 * platform, such as attestations, are left out. ERR_IMAGE_MISSING, ERR_IMAGE_UNSUPPORTED if an index has
 * indexes in it, ERR_JSON, the errors of blobs and of skopeo.
 */
export async function imagePlatforms(
  reference: ImageReference,
  options: OpenImageOptions = {},
): Promise<readonly Platform[] | undefined> {
  const { transport } = reference;
  if (transport === 'oci' || transport === 'oci-archive') {
    const { path, tag } = layoutLocation(reference);
    const store = await (transport === 'oci' ? openLayoutStore(path) : openArchiveStore(path));
    return platformsInStore(store, reference, tag).finally(() => store.close());
  }
  const { rawManifest } = await import('../skopeo/raw-manifest.ts');
  const bytes = await rawManifest(reference, options);
  const name = `the manifest of ${formatImageReference(reference)}`;
  const document: unknown = JSON.parse(bytes.toString('utf8'));
  const isIndex = typeof document === 'object' && document !== null && 'manifests' in document;
  return isIndex ? platformsOf(parseIndex(bytes, name), name) : undefined;
}

async function platformsInStore(
  store: BlobStore,
  reference: ImageReference,
  tag: string | undefined,
): Promise<readonly Platform[] | undefined> {
  const place = formatImageReference(reference);
  const entries = await topLevelEntries(store, { place, tag });
  const [first] = entries;
  if (first === undefined || entries.length > 1)
    return platformsOf({ schemaVersion: 2, manifests: entries }, place);
  if (!isIndexType(first.mediaType)) return undefined;
  const name = `index ${first.digest}`;
  return platformsOf(parseIndex(await readSmallBlob(store, first, name), name), name);
}

function platformsOf({ manifests }: ImageIndex, what: string): readonly Platform[] {
  if (manifests.some(({ mediaType }) => !isManifestType(mediaType)))
    throw new TreeportError('ERR_IMAGE_UNSUPPORTED', `${what} has entries that are no image manifests`);
  const found = manifests.flatMap(({ platform }) => platform ?? []);
  return found.filter(({ os }) => os !== 'unknown');
}
