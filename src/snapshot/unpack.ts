/**
 * Unpacks a snapshot below a directory, as a container engine does, and opens its published repo there: any
 * object can be read then. Only what is wanted of the objects is written.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic, writeFileNow } from '../base/atomic-file.ts';
import { collectSized } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { MIRROR_HOME, PUBLISHED_REPO, WHITEOUT } from '../mirror/layout.ts';
import { openPublishedRepo, type PublishedRepository } from '../mirror/open-published.ts';
import { publishedLayers } from '../mirror/published-layers.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import {
  formatObjectName,
  isHashedMetadata,
  type ObjectName,
  parseLoosePath,
} from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { REPO_PATH } from '../tar/layout.ts';
import { type ReadEntry, readEntries } from '../tar/read-entries.ts';
import { layerDescriptor, type Snapshot } from './open.ts';

export type UnpackOptions = {
  /** An empty directory. */
  readonly directory: string;
  readonly wants: (name: ObjectName) => boolean;
};

const EMBEDDED = `${REPO_PATH}/objects/`;
const HOME_REPO = `${MIRROR_HOME}/${PUBLISHED_REPO}/`;
/** Larger files are written piece by piece. */
const SMALL_BYTES = 1024 * 1024;
const PARENT_STEP = /(?:^|\/)\.\.?(?:\/|$)/;

/** The caller closes the repository. Objects that were not wanted are listed, but cannot be read. */
export async function unpackSnapshot(
  snapshot: Snapshot,
  { directory, wants }: UnpackOptions,
): Promise<PublishedRepository> {
  const { image } = snapshot;
  for (const layer of snapshot.layers) {
    const wanted = layer.objects.filter((object) => !object.isDead && wants(object));
    if (wanted.length === 0) continue;
    const names = new Set(wanted.map((name) => formatObjectName(name)));
    const isWanted = (path: string) => {
      const name = objectAt(path);
      return name !== undefined && names.has(formatObjectName(name));
    };
    await unpackLayer(snapshot, layerDescriptor(image, layer), directory, isWanted);
  }
  for (const { layer, kind } of publishedLayers(image))
    if (kind !== 'objects')
      await unpackLayer(snapshot, layer, directory, (path) => path.startsWith(HOME_REPO));
  await mkdir(join(directory, EMBEDDED), { recursive: true });
  const repo = await openPublishedRepo(join(directory, HOME_REPO));
  return { ...repo, objects: withListed(repo.objects, snapshot) };
}

async function unpackLayer(
  { image, name }: Snapshot,
  layer: Descriptor,
  directory: string,
  isWanted: (path: string) => boolean,
): Promise<void> {
  for await (const entry of readEntries(image.layer(layer))) {
    if (entry.type !== 'file' || isWhiteout(entry) || !isWanted(entry.path)) continue;
    if (PARENT_STEP.test(entry.path))
      throw new TreeportError('ERR_SNAPSHOT', `${name} has a file ${JSON.stringify(entry.path)}`);
    await writeEntry(join(directory, entry.path), entry);
  }
}

/** At once, if it is small, because layers have thousands of entries. */
async function writeEntry(path: string, { data, size }: ReadEntry): Promise<void> {
  if (size > SMALL_BYTES) return writeFileAtomic(path, data);
  writeFileNow(path, await collectSized(data, size));
}

/** What is hidden was not unpacked. */
function isWhiteout({ path }: ReadEntry): boolean {
  return path.slice(dirname(path).length + 1).startsWith(WHITEOUT);
}

/** Detached metadata counts as its commit. */
function objectAt(path: string): ObjectName | undefined {
  const prefix = [EMBEDDED, `${HOME_REPO}objects/`].find((start) => path.startsWith(start));
  if (prefix === undefined) return undefined;
  const name = parseLoosePath(path.slice(prefix.length));
  if (name === undefined) return undefined;
  const { checksum, extension } = name;
  if (extension === 'file' || extension === 'filez') return { type: 'file', checksum };
  if (extension === 'commitmeta') return { type: 'commit', checksum };
  return isHashedMetadata(extension) ? { type: extension, checksum } : undefined;
}

/** Lists all objects of the snapshot, whether they were unpacked or not. */
function withListed(objects: ObjectSource, { layers }: Snapshot): ObjectSource {
  const listed = new Map<string, ObjectName>();
  for (const { objects } of layers)
    for (const { type, checksum, isDead } of objects)
      if (!isDead) listed.set(formatObjectName({ type, checksum }), { type, checksum });
  return {
    ...objects,
    has: async (name) => listed.has(formatObjectName(name)) || objects.has(name),
    async *list() {
      yield* listed.values();
      for await (const name of objects.list()) if (!listed.has(formatObjectName(name))) yield name;
    },
  };
}
