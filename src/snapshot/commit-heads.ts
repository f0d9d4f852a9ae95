/** Commits of a snapshot by the names that people give them, with what signing them needs. */
import { posix } from 'node:path';
import { TreeportError } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { loosePath } from '../ostree/object-name.ts';
import type { CommitHead } from '../tar/import-commit.ts';
import { readMetadata } from './metadata.ts';
import type { Snapshot } from './open.ts';

export type ChosenCommits = {
  /** Whether the encapsulated commit is among them. */
  readonly encapsulated: boolean;
  /** The others. */
  readonly carried: readonly CommitHead[];
};

/** Refs, globs of refs, or commits; ERR_REF_MISSING. Commits are verified. */
export async function chooseCommits(snapshot: Snapshot, names: readonly string[]): Promise<ChosenCommits> {
  const { files, description } = snapshot;
  const chosen = new Set(names.flatMap((name) => commitsNamed(snapshot, name)));
  const encapsulated = description.main !== undefined && chosen.delete(description.main);
  if (chosen.size === 0) return { encapsulated, carried: [] };
  const carried = await readMetadata(snapshot, async (source) => {
    const heads: CommitHead[] = [];
    for (const commit of chosen) {
      const bytes = Buffer.from(await source.metadata('commit', commit));
      heads.push({ commit, bytes, detached: files.get(loosePath(commit, 'commitmeta')) });
    }
    return heads;
  });
  return { encapsulated, carried };
}

function commitsNamed({ refs, description, name: snapshot }: Snapshot, name: string): readonly Checksum[] {
  const commit = description.commits.find(({ checksum }) => checksum === name);
  if (commit !== undefined) return [commit.checksum];
  const found = refs.filter((ref) => ref.name === name || posix.matchesGlob(ref.name, name));
  if (found.length > 0) return found.map((ref) => ref.commit);
  const known = refs.map((ref) => ref.name);
  const hint = didYouMean(name, known) || ' (treeport snapshot list shows them)';
  throw new TreeportError('ERR_REF_MISSING', `"${name}" is no ref or commit of ${snapshot}${hint}`);
}
