/**
 * Compares two snapshots or repositories: refs, commits and objects, and the bytes that a machine with the
 * first needs of the second. Only lists and metadata are read.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, parseObjectName } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import type { Snapshot } from './open.ts';
import { selectSnapshot } from './select.ts';

/** A snapshot or a repository, as far as it is compared. */
export type Side = {
  readonly refs: ReadonlyMap<string, Checksum>;
  readonly commits: ReadonlySet<Checksum>;
  /** Names to bytes; see ListedObject. */
  readonly objects: ReadonlyMap<string, number>;
  /** Digests to bytes; none for a repository. */
  readonly layers: ReadonlyMap<string, number> | undefined;
};

export type SnapshotDiff = {
  readonly refs: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly changed: readonly string[];
  };
  readonly commits: { readonly added: readonly Checksum[]; readonly removed: readonly Checksum[] };
  readonly objects: { readonly added: number; readonly removed: number; readonly bytes: number };
  /** Undefined unless both are images. */
  readonly layers: { readonly added: number; readonly bytes: number } | undefined;
};

/** What a snapshot holds, without objects that only former ones had. */
export function snapshotSide({ image, refs, description, layers }: Snapshot): Side {
  const objects = new Map<string, number>();
  for (const { objects: listed } of layers)
    for (const object of listed) if (!object.isDead) objects.set(formatObjectName(object), object.length);
  return {
    refs: new Map(refs.map(({ name, commit }) => [name, commit])),
    commits: new Set(description.commits.map(({ checksum }) => checksum)),
    objects,
    layers: new Map(image.manifest.layers.map(({ digest, size }) => [digest, size])),
  };
}

/** All refs with their whole history. */
export async function repositorySide(repo: Repository): Promise<Side> {
  const selected = await selectSnapshot(repo, {
    globs: [],
    depth: Number.POSITIVE_INFINITY,
    warn: () => {},
  });
  const seen: SeenObjects = new Set();
  for (const commit of selected.commits) for await (const _ of reachableObjects(repo.objects, commit, seen));
  const objects = new Map<string, number>();
  for (const text of seen) {
    const { type, checksum } = parseObjectName(text);
    const isFile = type === 'file';
    objects.set(text, isFile ? (await repo.objects.content(checksum)).size : 0);
  }
  return {
    refs: new Map(selected.refs.map(({ name, commit }) => [name, commit])),
    commits: new Set(selected.commits),
    objects,
    layers: undefined,
  };
}

/** What is in `to`, and not in `from`, is added. */
export function diffSnapshots(from: Side, to: Side): SnapshotDiff {
  const missingIn = <Key>(side: { has(key: Key): boolean }, keys: Iterable<Key>) =>
    [...keys].filter((key) => !side.has(key));
  const addedObjects = missingIn(from.objects, to.objects.keys());
  const sum = (sizes: ReadonlyMap<string, number>, keys: readonly string[]) =>
    keys.reduce((bytes, key) => bytes + (sizes.get(key) ?? 0), 0);
  const addedLayers =
    from.layers === undefined || to.layers === undefined ? [] : missingIn(from.layers, to.layers.keys());
  const isImage = from.layers !== undefined && to.layers !== undefined;
  return {
    refs: {
      added: missingIn(from.refs, to.refs.keys()),
      removed: missingIn(to.refs, from.refs.keys()),
      changed: [...to.refs].flatMap(([name, commit]) =>
        from.refs.has(name) && from.refs.get(name) !== commit ? [name] : [],
      ),
    },
    commits: {
      added: missingIn(from.commits, to.commits),
      removed: missingIn(to.commits, from.commits),
    },
    objects: {
      added: addedObjects.length,
      removed: missingIn(to.objects, from.objects.keys()).length,
      bytes: sum(to.objects, addedObjects),
    },
    layers: isImage
      ? { added: addedLayers.length, bytes: sum(to.layers ?? new Map(), addedLayers) }
      : undefined,
  };
}
