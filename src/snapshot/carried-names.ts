/**
 * The objects that a snapshot carries: those of all its commits, without those that are embedded.
 *
 * A snapshot that goes on with all commits of the previous one needs every object of that. So only commits
 * that are new are walked then. If a commit was left out, all are walked, because nothing else says which of
 * its objects the others share.
 */
import type { ListedObject } from '../mirror/carried/object-list.ts';
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

export type CarriedNames = {
  /** True if the snapshot carries this object of a layer of objects of the previous one. */
  readonly needs: (object: ListedObject) => boolean;
  /** The other objects that it carries; also those that are in such layers, if all commits were walked. */
  readonly others: NameSet;
};

export async function carriedNames(
  { objects }: Repository,
  { publication, embedded, previous }: CarriedNamesOptions,
): Promise<CarriedNames> {
  const kept = previous !== undefined && goesOn(previous, publication) ? previous : undefined;
  const known = new Set(kept?.description.commits.map(({ checksum }) => checksum));
  const fresh = publication.commits.filter((commit) => !known.has(commit));
  const others = new ObjectNames();
  // What was embedded before has to be carried now, if another commit is embedded.
  for (const name of living(kept, 'os')) if (!embedded.has(name)) others.add(name);
  if (fresh.length > 0) {
    const seen = new ObjectNames();
    for (const name of embedded) seen.add(name);
    for (const kind of ['os', 'objects'] as const) for (const name of living(kept, kind)) seen.add(name);
    for (const commit of fresh)
      for await (const name of reachableObjects(objects, commit, seen)) others.add(formatObjectName(name));
  }
  const needs = (object: ListedObject) => {
    if (kept === undefined || object.isDead) return others.size > 0 && others.has(formatObjectName(object));
    return embedded.size === 0 || !embedded.has(formatObjectName(object));
  };
  return { needs, others };
}

function goesOn({ description }: Snapshot, { commits }: Publication): boolean {
  const wanted = new Set(commits);
  return description.commits.every(({ checksum }) => wanted.has(checksum));
}

function* living(snapshot: Snapshot | undefined, kind: 'os' | 'objects'): Generator<string> {
  for (const { objects, kind: ofLayer } of snapshot?.layers ?? [])
    if (ofLayer === kind) for (const object of objects) if (!object.isDead) yield formatObjectName(object);
}
