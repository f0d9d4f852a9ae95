/**
 * Lists the commits and refs in the published repo of a mirror image, from its layers: commit objects and
 * refs are ordinary files below the mirror's home. The layers must be read to their ends, which also verifies
 * them, but for layers of content, which end at their first object.
 */
import { collectSized, compareBytes } from '../base/bytes.ts';
import { type CommitInfo, commitInfo } from '../container/inspect/image-info.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { MAX_METADATA_BYTES } from '../ostree/limits.ts';
import { type LooseName, parseLoosePath } from '../ostree/object-name.ts';
import { isRefName } from '../ostree/ref-name.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import { entryFault } from '../tar/object-entry.ts';
import { type ReadEntry, readEntries } from '../tar/read-entries.ts';
import { FORMER_HOME, MIRROR_HOME, PUBLISHED_REPO } from './layout.ts';
import { type PublishedLayerKind, publishedLayers } from './published-layers.ts';

const REPOS = [MIRROR_HOME, FORMER_HOME].map((home) => `${home}/${PUBLISHED_REPO}/`);
const OBJECTS = REPOS.map((repo) => `${repo}objects/`);
/** Packs and deltas have neither commits nor refs. */
const OF_COMMITS: readonly PublishedLayerKind[] = ['repo', 'objects', 'any'];
const OF_REFS: readonly PublishedLayerKind[] = ['repo', 'any'];
const REFS = REPOS.map((repo) => `${repo}refs/heads/`);

/**
 * The commits of the published repo without the encapsulated one, sorted by their checksums.
 * ERR_NOT_ENCAPSULATED, ERR_OBJECT_CORRUPT, ERR_TAR and the errors of the image's blobs.
 */
export async function publishedCommits(image: OpenedImage): Promise<readonly CommitInfo[]> {
  const found = new Map<Checksum, CommitInfo>();
  for (const { layer, kind } of publishedLayers(image)) {
    if (!OF_COMMITS.includes(kind)) continue;
    for await (const entry of readEntries(image.layer(layer))) {
      const name = objectAt(entry);
      if (kind === 'objects' && name?.extension === 'filez') break;
      if (name?.extension === 'commit') found.set(name.checksum, await readCommit(entry, name.checksum));
    }
  }
  return [...found.values()].toSorted((a, b) => compareBytes(a.checksum, b.checksum));
}

/**
 * The refs of the published repo, of an image whose label does not name them. They are in one layer, the last
 * but for what others put on top. Errors as those of {@link publishedCommits}.
 */
export async function publishedRefNames(image: OpenedImage): Promise<readonly string[]> {
  for (const { layer, kind } of publishedLayers(image).toReversed()) {
    if (!OF_REFS.includes(kind)) continue;
    const names: string[] = [];
    for await (const { path, type } of readEntries(image.layer(layer))) {
      const prefix = REFS.find((each) => path.startsWith(each));
      if (prefix !== undefined && type === 'file') names.push(path.slice(prefix.length));
    }
    const valid = names.filter(isRefName);
    if (valid.length > 0) return valid.toSorted();
  }
  return [];
}

function objectAt({ path, type }: ReadEntry): LooseName | undefined {
  const objects = OBJECTS.find((prefix) => path.startsWith(prefix));
  return objects === undefined || type !== 'file' ? undefined : parseLoosePath(path.slice(objects.length));
}

async function readCommit({ path, size, data }: ReadEntry, checksum: Checksum): Promise<CommitInfo> {
  if (size > MAX_METADATA_BYTES)
    throw entryFault(path, `it has ${size} bytes; more than ${MAX_METADATA_BYTES} are not accepted`);
  const bytes = await collectSized(data, size);
  verifyMetadata('commit', checksum, bytes);
  return commitInfo(checksum, bytes);
}
