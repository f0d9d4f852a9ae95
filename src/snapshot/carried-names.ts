/**
 * The names of the objects that a snapshot carries: those of all its commits, without those that are
 * embedded.
 *
 * A snapshot that goes on with all commits of the previous one needs every object of that. So only commits
 * that are new are walked then. If a commit was left out, all are walked, because nothing else says which of
 * its objects the others share.
 */
import type { Publication } from '../mirror/published-refs.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { reachableObjects } from '../ostree/walk.ts';
import type { Snapshot } from './open.ts';

export type CarriedNamesOptions = {
  readonly publication: Publication;
  readonly embedded: NameSet;
  readonly previous?: Snapshot | undefined;
};

export async function carriedNames(
  { objects }: Repository,
  { publication, embedded, previous }: CarriedNamesOptions,
): Promise<NameSet> {
  const names = new ObjectNames();
  const seen = new ObjectNames();
  for (const name of embedded) seen.add(name);
  const kept = previous !== undefined && goesOn(previous, publication) ? previous : undefined;
  for (const name of kept === undefined ? [] : livingObjects(kept)) {
    if (!seen.has(name)) names.add(name);
    seen.add(name);
  }
  const walked = new Set(kept?.description.commits.map(({ checksum }) => checksum));
  for (const commit of publication.commits) {
    if (walked.has(commit)) continue;
    for await (const name of reachableObjects(objects, commit, seen)) names.add(formatObjectName(name));
  }
  return names;
}

function goesOn({ description }: Snapshot, { commits }: Publication): boolean {
  const wanted = new Set(commits);
  return description.commits.every(({ checksum }) => wanted.has(checksum));
}

function* livingObjects({ layers }: Snapshot): Generator<string> {
  for (const { objects } of layers)
    for (const object of objects) if (!object.isDead) yield formatObjectName(object);
}
