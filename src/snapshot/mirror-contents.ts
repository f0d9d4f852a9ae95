/**
 * What a mirror image holds, found by reading its layers: it has no list of its objects, as a snapshot has.
 * So opening one reads all of its layers. Objects are not verified, commits are.
 */
import { encapsulatedLayers } from '../container/inspect/layers.ts';
import { isListedType, type ListedObject, type ObjectLayer } from '../mirror/carried/object-list.ts';
import { MIRROR_HOME, PUBLISHED_REPO } from '../mirror/layout.ts';
import { type PublishedLayerKind, publishedLayers } from '../mirror/published-layers.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { dictString } from '../ostree/metadata-dict.ts';
import { formatObjectName, parseLoosePath } from '../ostree/object-name.ts';
import { ObjectNames } from '../ostree/object-names.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import { readEntries } from '../tar/read-entries.ts';
import { readObjects } from '../tar/read-objects.ts';
import type { Description, SnapshotCommit } from './description.ts';
import { readMetadataEntry } from './read-layer.ts';

export type MirrorContents = {
  readonly description: Description;
  readonly layers: readonly ObjectLayer[];
};

type Found = ListedObject & { readonly bytes?: Buffer };

/** Objects are also among the refs of images that `mirror wrap` made. */
const WITH_OBJECTS: readonly PublishedLayerKind[] = ['objects', 'repo', 'any'];
const OBJECTS = `${MIRROR_HOME}/${PUBLISHED_REPO}/objects/`;

/** ERR_NOT_ENCAPSULATED, ERR_TAR_OBJECT, ERR_OBJECT_CORRUPT and the errors of the layers. */
export async function readMirrorContents(image: OpenedImage): Promise<MirrorContents> {
  const { ostree } = encapsulatedLayers(image);
  const contents = new Contents();
  for (const layer of ostree) await contents.add(layer, 'os', embeddedObjects(image, layer));
  const main = contents.commits[0]?.checksum;
  for (const { layer, kind } of publishedLayers(image))
    if (WITH_OBJECTS.includes(kind)) await contents.add(layer, 'objects', publishedObjects(image, layer));
  const { commits, layers } = contents;
  return { description: { main, commits }, layers };
}

class Contents {
  readonly commits: SnapshotCommit[] = [];
  readonly layers: ObjectLayer[] = [];
  /** Some objects are in two layers: embedded, and published for everyone to read. */
  readonly #seen = new ObjectNames();

  async add(layer: Descriptor, kind: ObjectLayer['kind'], found: AsyncIterable<Found>): Promise<void> {
    const { digest, size } = layer;
    const objects: ListedObject[] = [];
    for await (const { bytes, ...object } of found) {
      const name = formatObjectName(object);
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      objects.push(object);
      if (object.type === 'commit' && bytes !== undefined) this.#addCommit(object.checksum, bytes);
    }
    if (objects.length > 0) this.layers.push({ digest, size, kind, objects });
  }

  #addCommit(checksum: Checksum, bytes: Buffer): void {
    verifyMetadata('commit', checksum, bytes);
    const { parent, timestamp, metadata } = parseCommit(bytes);
    this.commits.push({ checksum, parent, timestamp, version: dictString(metadata, 'version') });
  }
}

async function* embeddedObjects(image: OpenedImage, layer: Descriptor): AsyncGenerator<Found> {
  for await (const object of readObjects(image.layer(layer), { verify: false })) {
    const { checksum } = object;
    if (object.kind === 'content')
      yield { type: 'file', checksum, length: object.object.size, isDead: false };
    else if (object.type !== 'commitmeta')
      yield { type: object.type, checksum, length: 0, isDead: false, bytes: object.bytes };
  }
}

async function* publishedObjects(image: OpenedImage, layer: Descriptor): AsyncGenerator<Found> {
  for await (const entry of readEntries(image.layer(layer))) {
    const { path, type: kind, size } = entry;
    const name =
      kind === 'file' && path.startsWith(OBJECTS) ? parseLoosePath(path.slice(OBJECTS.length)) : undefined;
    if (name === undefined) continue;
    const { checksum, extension } = name;
    const type = extension === 'filez' ? 'file' : extension;
    if (extension === 'file' || !isListedType(type)) continue;
    const bytes = type === 'commit' ? { bytes: await readMetadataEntry(entry) } : {};
    yield { type, checksum, length: size, isDead: false, ...bytes };
  }
}
