/**
 * Third pass of fsck, run only if there are faults: finds the paths of the bad objects. Enters each tree
 * once, because what is in it was found with the first commit that has it.
 */
import { isTreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { parseCommit } from '../ostree/commit.ts';
import { ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { meetFirst, type PlacedTree } from '../ostree/walk.ts';
import type { Fault, LocatedFault } from './fault.ts';
import { OpenLevels, openedTree } from './open-levels.ts';

type Place = { readonly commit: Checksum; readonly path: string };

/** Adds to each fault the first commit and path that refer to its object. */
export async function locateFaults(
  source: ObjectSource,
  commits: Iterable<Checksum>,
  faults: readonly Fault[],
): Promise<readonly LocatedFault[]> {
  const wanted = new Set(faults.map((fault) => keyOf(fault.object.type, fault.object.checksum)));
  const places = new Map<string, Place>();
  const entered = new ObjectNames();
  for (const commit of commits) {
    if (places.size === wanted.size) break;
    await placesIn(source, commit, { wanted, places, entered });
  }
  return faults.map((fault) => {
    const place = places.get(keyOf(fault.object.type, fault.object.checksum));
    return { ...fault, commit: place?.commit, path: place?.path };
  });
}

function keyOf(type: string, checksum: Checksum): string {
  return `${checksum}.${type}`;
}

type Search = {
  readonly wanted: ReadonlySet<string>;
  readonly places: Map<string, Place>;
  readonly entered: ObjectNames;
};

async function placesIn(
  source: ObjectSource,
  commit: Checksum,
  { wanted, places, entered }: Search,
): Promise<void> {
  const note = (type: string, checksum: Checksum, path: string) => {
    const key = keyOf(type, checksum);
    if (wanted.has(key) && !places.has(key)) places.set(key, { commit, path });
  };
  note('commit', commit, '/');
  const parsed = await orNothing(async () => parseCommit(await source.metadata('commit', commit)));
  if (parsed === undefined) return;
  const open = (tree: Checksum) => orNothing(async () => openedTree(await source.metadata('dirtree', tree)));
  const levels = new OpenLevels(open);
  let next: PlacedTree | undefined = { tree: parsed.rootTree, meta: parsed.rootMeta, path: '/' };
  for (; next !== undefined && places.size < wanted.size; next = await levels.next()) {
    const { tree, meta, path } = next;
    note('dirmeta', meta, path);
    note('dirtree', tree, path);
    if (!meetFirst(entered, { type: 'dirtree', checksum: tree })) continue;
    const opened = await open(tree);
    if (opened === undefined) continue;
    const prefix = path === '/' ? '/' : `${path}/`;
    for (const file of opened.entries.files()) note('file', file.checksum, prefix + file.name);
    levels.push(tree, prefix, opened);
  }
}

/** Bad objects end the search at this branch; the earlier passes reported them. */
async function orNothing<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (isTreeportError(error)) return undefined;
    throw error;
  }
}
