/**
 * Opens an image in an OCI layout directory or archive, in place: from `index.json`, through nested indexes,
 * to its manifest.
 */
import { collect } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor, Platform } from '../model/descriptor.ts';
import { type ImageIndex, INDEX_FILE, isIndexType, parseIndex } from '../model/image-layout.ts';
import { isManifestType, parseManifest } from '../model/manifest.ts';
import { MAX_JSON_SIZE } from '../model/media-types.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import type { BlobStore } from './blob-store.ts';
import { type OpenedImage, openedImage } from './opened-image.ts';
import { readSmallBlob } from './read-blob.ts';
import { type Selection, selectNested, selectTopLevel, taggedEntries } from './select-manifest.ts';

const MAX_NESTING = 4;

export type OpenInStoreOptions = {
  readonly reference: ImageReference;
  readonly tag: string | undefined;
  readonly platform: Platform | undefined;
};

/**
 * Opens an image of the store. Closing the image closes the store, as does a failure: ERR_IMAGE_MISSING,
 * ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_UNSUPPORTED, ERR_JSON, ERR_BLOB_MISSING, ERR_BLOB_CORRUPT.
 */
export async function openInStore(store: BlobStore, options: OpenInStoreOptions): Promise<OpenedImage> {
  const { reference, tag, platform } = options;
  try {
    const selection = { place: formatImageReference(reference), tag, platform };
    const descriptor = await findManifest(store, selection);
    const manifestDigest = descriptor.digest;
    const name = `manifest ${manifestDigest}`;
    const manifestBytes = await readSmallBlob(store, descriptor, name);
    const manifest = parseManifest(manifestBytes, name);
    const configBytes = await readSmallBlob(store, manifest.config, `config ${manifest.config.digest}`);
    const documents = { reference, manifest, manifestDigest, manifestBytes, configBytes };
    return openedImage({ ...documents, platform, blobs: store, close: () => store.close() });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The manifest's descriptor. */
async function findManifest(store: BlobStore, selection: Selection): Promise<Descriptor> {
  return descend(store, selectTopLevel(await readIndexFile(store), selection), selection, 0);
}

/** What `index.json` has under the tag, or at all; ERR_IMAGE_MISSING if that is nothing, ERR_JSON. */
export async function topLevelEntries(
  store: BlobStore,
  place: Pick<Selection, 'place' | 'tag'>,
): Promise<readonly Descriptor[]> {
  return taggedEntries(await readIndexFile(store), place);
}

async function readIndexFile(store: BlobStore): Promise<ImageIndex> {
  const file = await store.find(INDEX_FILE);
  const name = `${INDEX_FILE} of ${store.path}`;
  if (file === undefined) throw new TreeportError('ERR_IMAGE_MISSING', `there is no ${name}`);
  if (file.size > MAX_JSON_SIZE) throw new TreeportError('ERR_JSON', `${name} is ${file.size} bytes`);
  return parseIndex(await collect(file.bytes(0, file.size)), name);
}

/** Follows nested indexes down to a manifest. */
async function descend(
  store: BlobStore,
  descriptor: Descriptor,
  selection: Selection,
  depth: number,
): Promise<Descriptor> {
  const { mediaType, digest } = descriptor;
  if (isManifestType(mediaType)) return descriptor;
  if (!isIndexType(mediaType))
    throw unsupported(`${selection.place} is no container image: it is ${mediaType}`);
  if (depth === MAX_NESTING)
    throw unsupported(`${selection.place} has more than ${MAX_NESTING} nested indexes`);
  const index = parseIndex(await readSmallBlob(store, descriptor, `index ${digest}`), `index ${digest}`);
  return descend(store, selectNested(index, selection), selection, depth + 1);
}

function unsupported(message: string): TreeportError {
  return new TreeportError('ERR_IMAGE_UNSUPPORTED', message);
}
