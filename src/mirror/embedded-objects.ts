/**
 * Which objects of a commit its encapsulated image embeds: all but the directory `/sysroot`, where the embedded
 * repo itself lies, with what is below it. (Its dirtree is embedded after all if it is empty and another
 * directory of the commit is, too.)
 */
import type { Checksum } from '../ostree/checksum.ts';
import { loadCommitObject, loadDirtree } from '../ostree/load.ts';
import type { ObjectName } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { meetFirst, reachableFromTree, type SeenObjects } from '../ostree/walk.ts';

const SYSROOT = 'sysroot';

/** The embedded objects, each once, noted in `seen`. */
export async function* embeddedObjects(
  source: ObjectSource,
  commit: Checksum,
  seen: SeenObjects,
): AsyncGenerator<ObjectName> {
  const { rootTree, rootMeta } = await loadCommitObject(source, commit);
  const root = await loadDirtree(source, rootTree);
  const top: readonly ObjectName[] = [
    { type: 'commit', checksum: commit },
    { type: 'dirtree', checksum: rootTree },
    { type: 'dirmeta', checksum: rootMeta },
    ...root.directories.map(({ meta }) => ({ type: 'dirmeta', checksum: meta }) as const),
    ...root.files.map(({ checksum }) => ({ type: 'file', checksum }) as const),
  ];
  for (const name of top) if (meetFirst(seen, name)) yield name;
  for (const directory of root.directories) {
    if (directory.name !== SYSROOT) yield* reachableFromTree(source, directory, seen);
  }
}

/** The objects of the commit that {@link embeddedObjects}, which must be done, has left out. */
export async function* sysrootObjects(
  source: ObjectSource,
  commit: Checksum,
  seen: SeenObjects,
): AsyncGenerator<ObjectName> {
  const { rootTree } = await loadCommitObject(source, commit);
  const { directories } = await loadDirtree(source, rootTree);
  const sysroot = directories.find(({ name }) => name === SYSROOT);
  if (sysroot !== undefined) yield* reachableFromTree(source, sysroot, seen);
}
