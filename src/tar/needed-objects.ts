/**
 * Compares the objects that commits need with those that arrived: none may be missing, and none may be stray.
 * Objects are named `<checksum>.<type>`.
 */
import { asBuffer } from '../base/bytes.ts';
import { isTreeportError, TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { loadCommitObject } from '../ostree/load.ts';
import type { HashedMetadataType } from '../ostree/object-name.ts';
import { formatObjectName, parseObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSink } from '../ostree/object-sink.ts';
import type { MetadataSource } from '../ostree/object-source.ts';
import { TreeLevels, tooDeepFault } from '../ostree/tree-levels.ts';
import { reachableObjects } from '../ostree/walk.ts';
import { EMPTY_DIRTREE, EMPTY_DIRTREE_CHECKSUM } from './empty-dirtree.ts';

/** A sink whose metadata can be read back, including that of the repository behind it. */
export type ReadableSink = ObjectSink & {
  /** ERR_OBJECT_MISSING. */
  load(type: HashedMetadataType, checksum: Checksum): Uint8Array;
};

const EMPTY_DIRTREE_NAME = formatObjectName({ type: 'dirtree', checksum: EMPTY_DIRTREE_CHECKSUM });

/**
 * Every object that the commits in the sink need, each once. ERR_OBJECT_MISSING names the first missing
 * metadata object, ERR_OBJECT_CORRUPT a dirtree that is too deep. Writes the dirtree of an empty directory to
 * the sink if it is missing.
 */
export async function neededObjects(
  sink: ReadableSink,
  commits: readonly Checksum[],
  arrived: { has(name: string): boolean },
): Promise<ObjectNames> {
  const needed = new ObjectNames();
  const levels = new TreeLevels();
  const source = metadataOf(sink);
  for (const commit of commits) {
    for await (const name of reachableObjects(source, commit, needed, levels)) {
      // The walk loads dirtrees, so only dirmetas need a check.
      if (name.type === 'dirmeta' && !arrived.has(formatObjectName(name)) && !(await sink.has(name)))
        throw missing(formatObjectName(name));
    }
    const deep = levels.tooDeep((await loadCommitObject(source, commit)).rootTree);
    if (deep !== undefined) throw tooDeepFault(deep);
  }
  if (needed.has(EMPTY_DIRTREE_NAME) && !arrived.has(EMPTY_DIRTREE_NAME)) {
    await sink.metadata('dirtree', EMPTY_DIRTREE_CHECKSUM, EMPTY_DIRTREE);
    await sink.settle();
  }
  return needed;
}

function metadataOf(sink: ReadableSink): MetadataSource {
  return {
    metadata: async (type, checksum) => {
      const name = formatObjectName({ type, checksum });
      if (name === EMPTY_DIRTREE_NAME) return EMPTY_DIRTREE;
      try {
        return asBuffer(sink.load(type, checksum));
      } catch (error) {
        throw isTreeportError(error, 'ERR_OBJECT_MISSING') ? missing(name) : error;
      }
    },
  };
}

/** Throws ERR_OBJECT_MISSING at the first content object that neither arrived nor is in the repository. */
export async function checkContentComplete(
  sink: ObjectSink,
  needed: NameSet,
  arrived: { has(name: string): boolean },
): Promise<void> {
  for (const text of needed) {
    if (arrived.has(text)) continue;
    const name = parseObjectName(text);
    if (name.type === 'file' && !(await sink.has(name))) throw missing(text);
  }
}

/** Throws ERR_OBJECT_STRAY at the first object that arrived and is not needed; `where` names its stream. */
export function checkNoStray(needed: NameSet, arrived: Iterable<string>, where: string): void {
  for (const name of arrived) if (!needed.has(name)) throw stray(name, where);
}

function missing(name: string): TreeportError {
  return new TreeportError(
    'ERR_OBJECT_MISSING',
    `object ${name} of the commit is neither in the stream nor in the repository; nothing was imported`,
  );
}

function stray(name: string, where: string): TreeportError {
  return new TreeportError(
    'ERR_OBJECT_STRAY',
    `object ${name} in ${where} does not belong to the commit; nothing was imported`,
  );
}
