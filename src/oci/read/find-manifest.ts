/** Finds the manifest of an image in a layout, through its index and those nested in it. */
import { collect } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Descriptor } from '../model/descriptor.ts';
import { isIndexType, parseIndex } from '../model/index-json.ts';
import { INDEX_FILE } from '../model/layout-files.ts';
import { isManifestType } from '../model/manifest.ts';
import { MAX_JSON_SIZE } from '../model/media-types.ts';
import type { BlobStore } from './blob-store.ts';
import { type Selection, selectNested, selectTopLevel } from './select-manifest.ts';
import { readSmallBlob } from './verified-blob.ts';

const MAX_NESTING = 4;

/** The manifest's descriptor. ERR_IMAGE_MISSING, ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_UNSUPPORTED if it is no container image. */
export async function findManifest(store: BlobStore, selection: Selection): Promise<Descriptor> {
  const file = await store.find(INDEX_FILE);
  const name = `${INDEX_FILE} of ${store.path}`;
  if (file === undefined) throw new TreeportError('ERR_IMAGE_MISSING', `there is no ${name}`);
  if (file.size > MAX_JSON_SIZE) throw new TreeportError('ERR_JSON', `${name} is ${file.size} bytes`);
  const top = selectTopLevel(parseIndex(await collect(file.read()), name), selection);
  return descend(store, top, selection, 0);
}

/** Follows indexes down to a manifest. */
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
