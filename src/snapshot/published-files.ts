/**
 * The small files of the published repo in an image, read from its layers: refs, summary, lists, detached
 * metadata. Upper layers replace files of lower ones and hide them with whiteouts, as container builds may.
 */
import { posix } from 'node:path';
import { collectSized } from '../base/bytes.ts';
import { isTreeportError, TreeportError } from '../base/errors.ts';
import { VIRTUAL_DELTAS } from '../delta/virtual/virtual-delta.ts';
import { CATALOGUE_FILE, DELTAS, MIRROR_HOME, PACKS, PUBLISHED_REPO, WHITEOUT } from '../mirror/layout.ts';
import { type PublishedLayer, publishedLayers } from '../mirror/published-layers.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import { MAX_METADATA_BYTES } from '../ostree/limits.ts';
import { type ReadEntry, readEntries } from '../tar/read-entries.ts';

const HOME_REPO = `${MIRROR_HOME}/${PUBLISHED_REPO}`;
/** More would be no metadata. */
const MAX_FILE_BYTES: number = 2 * MAX_METADATA_BYTES;
/** Hides everything that lower layers have in its directory. */
const OPAQUE = `${WHITEOUT}${WHITEOUT}.opq`;

/**
 * The files by their paths in the repo, without objects, catalogue, packs and deltas. `name`: of the image.
 */
export async function publishedFiles(image: OpenedImage, name: string): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const { layer, kind } of layersWithFiles(image, name)) {
    if (kind !== 'repo' && kind !== 'any') continue;
    const added = new Map<string, Buffer>();
    for await (const entry of readEntries(image.layer(layer))) {
      const hidden = hiddenBy(entry);
      // Whiteouts are about lower layers, wherever they are in their own.
      if (hidden !== undefined) remove(files, hidden);
      else await keep(added, entry, name);
    }
    for (const [path, bytes] of added) files.set(path, bytes);
  }
  return files;
}

/** None of an image that is neither a snapshot nor encapsulated. */
function layersWithFiles(image: OpenedImage, name: string): readonly PublishedLayer[] {
  try {
    return publishedLayers(image);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_NOT_ENCAPSULATED')) throw error;
    throw new TreeportError('ERR_SNAPSHOT', `${name} is no snapshot: ${error.message}`, { cause: error });
  }
}

/** What an entry hides, a path in the image; undefined if it is no whiteout, or of an object. */
function hiddenBy({ path }: ReadEntry): string | undefined {
  const name = posix.basename(path);
  if (!name.startsWith(WHITEOUT) || path.startsWith(`${HOME_REPO}/objects/`)) return undefined;
  const directory = posix.dirname(path);
  return name === OPAQUE ? directory : posix.join(directory, name.slice(WHITEOUT.length));
}

function remove(files: Map<string, Buffer>, hidden: string): void {
  const isHidden = (path: string) => path === hidden || path.startsWith(`${hidden}/`);
  for (const path of files.keys()) if (isHidden(`${HOME_REPO}/${path}`)) files.delete(path);
}

async function keep(
  files: Map<string, Buffer>,
  { path, type, size, data }: ReadEntry,
  name: string,
): Promise<void> {
  if (type !== 'file' || !path.startsWith(`${HOME_REPO}/`)) return;
  const inner = path.slice(HOME_REPO.length + 1);
  if (inner.startsWith('objects/') && !inner.endsWith('.commitmeta')) return;
  if (inner === CATALOGUE_FILE || [PACKS, DELTAS, VIRTUAL_DELTAS].some((top) => inner.startsWith(`${top}/`)))
    return;
  if (size > MAX_FILE_BYTES) throw new TreeportError('ERR_SNAPSHOT', `${name}: ${inner} has ${size} bytes`);
  files.set(inner, Buffer.from(await collectSized(data, size)));
}
