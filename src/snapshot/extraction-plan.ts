/** What an extraction needs: all of a snapshot, or some refs with their history. */
import { posix } from 'node:path';
import { TreeportError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { readMetadata } from './metadata.ts';
import type { Snapshot } from './open.ts';
import type { SnapshotRefs } from './snapshot-refs.ts';

export type ExtractionPlan = {
  readonly refs: SnapshotRefs;
  readonly commits: readonly Checksum[];
  has(name: ObjectName): boolean;
};

/**
 * ERR_REF_MISSING if a glob matches no ref. Reads the metadata of the snapshot if not all refs are wanted.
 */
export async function planExtraction(snapshot: Snapshot, globs: readonly string[]): Promise<ExtractionPlan> {
  const { refs, description, name } = snapshot;
  if (globs.length === 0) {
    const commits = description.commits.map(({ checksum }) => checksum);
    return { refs, commits, has: () => true };
  }
  const matches = (glob: string, ref: string) => ref === glob || posix.matchesGlob(ref, glob);
  const idle = globs.find((glob) => !refs.some((ref) => matches(glob, ref.name)));
  if (idle !== undefined)
    throw new TreeportError(
      'ERR_REF_MISSING',
      `"${idle}" matches no ref of ${name}${
        didYouMean(
          idle,
          refs.map((ref) => ref.name),
        ) || ' (treeport snapshot list shows them)'
      }`,
    );
  const chosen = refs.filter((ref) => globs.some((glob) => matches(glob, ref.name)));
  const commits = withHistory(snapshot, new Set(chosen.map(({ commit }) => commit)));
  const seen: SeenObjects = new Set();
  await readMetadata(snapshot, async (source) => {
    for (const commit of commits) for await (const _ of reachableObjects(source, commit, seen));
  });
  return { refs: chosen, commits, has: (object) => seen.has(formatObjectName(object)) };
}

/** The commits and those of their parents that the snapshot has. */
function withHistory({ description }: Snapshot, heads: ReadonlySet<Checksum>): readonly Checksum[] {
  const parents = new Map(description.commits.map(({ checksum, parent }) => [checksum, parent]));
  const found = new Set<Checksum>();
  for (const head of heads) {
    for (let next: Checksum | undefined = head; next !== undefined; next = parents.get(next)) {
      if (found.has(next) || !parents.has(next)) break;
      found.add(next);
    }
  }
  return [...found];
}
