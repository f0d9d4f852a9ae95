/** The file system of a mirror image, made from the small source of mirror-repos.ts. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { otherObjects, writePublishedRepo } from '../../src/mirror/build.ts';
import { objectFiles } from '../../src/mirror/carried/object-files.ts';
import { MIRROR_HOME, PUBLISHED_REPO } from '../../src/mirror/layout.ts';
import { openPublishedRepo, type PublishedRepository } from '../../src/mirror/open-published.ts';
import type { Bake } from '../../src/mirror/packs/bake.ts';
import { type Publication, publicationOf } from '../../src/mirror/published-refs.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { lookUp } from '../../src/ostree/lookup.ts';
import { archivePath, parseObjectName } from '../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { loadCommit } from '../../src/ostree/revision.ts';
import { fileChecksum } from '../../src/ostree/verify.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { MIRROR_REF, type MirrorSource, unpackImage, writeMirrorSource } from './mirror-repos.ts';

/** Commit, dirmeta, 6 dirtrees and 10 files of the tree. */
export const MIRROR_OBJECTS = 18;

export type Mirror = {
  readonly source: MirrorSource;
  readonly root: string;
  /** The published repo. */
  readonly path: string;
  readonly publication: Publication;
  readonly warnings: readonly string[];
};

export type MakeMirrorOptions = {
  /** The mirror's home. Default: the current path. */
  readonly home?: string;
  /** The published refs. Default: MIRROR_REF. */
  readonly words?: (source: MirrorSource) => readonly string[];
  /** Modifies the source first. */
  readonly prepare?: (source: MirrorSource) => Promise<void>;
  /** What to bake. Default: nothing. */
  readonly bake?: Bake;
};

/** Makes one below `directory`; needs GNU tar. */
export async function makeMirror(
  directory: string,
  {
    home = MIRROR_HOME,
    words = () => [MIRROR_REF],
    prepare = async () => {},
    bake = 'none',
  }: MakeMirrorOptions = {},
): Promise<Mirror> {
  const own = await mkdtemp(join(directory, 'own-'));
  const source = await writeMirrorSource(join(own, 'source'));
  await prepare(source);
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  const publication = await publicationOf(source.repo, words(source), warn);
  const root = join(own, 'root');
  await unpackImage(source.repo, publication.commits[0] as Checksum, root);
  const path = join(root, home, PUBLISHED_REPO);
  await mkdir(dirname(path), { recursive: true });
  await writePublishedRepo(path, source.repo, { publication, bake, warn });
  const others = await otherObjects(source.repo.objects, publication);
  const names = Array.from(others, parseObjectName);
  for await (const { name, file } of objectFiles(source.repo.objects, names, own))
    await writeFileAtomic(join(path, archivePath(name)), file.stream());
  return { source, root, path, publication, warnings };
}

/** Opens a published repo until the end of the test. */
export async function opened(t: Pick<TestContext, 'after'>, path: string): Promise<PublishedRepository> {
  const repo = await openPublishedRepo(path);
  t.after(() => repo.close());
  return repo;
}

/** Reads and verifies every object that a commit needs; returns their number. */
export async function readAll(objects: ObjectSource, commit: Checksum): Promise<number> {
  let count = 0;
  for await (const { type, checksum } of reachableObjects(objects, commit)) {
    assert.equal(await objects.has({ type, checksum }), true);
    const actual =
      type === 'file'
        ? await fileChecksum(await objects.content(checksum))
        : checksumOf(await objects.metadata(type, checksum));
    assert.equal(actual, checksum);
    count += 1;
  }
  return count;
}

/** The object of a file in the newer commit. */
export async function objectAt({ repo, commit }: MirrorSource, path: string): Promise<Checksum> {
  const { rootTree, rootMeta } = await loadCommit(repo, commit);
  const found = await lookUp(repo.objects, { tree: rootTree, meta: rootMeta }, path);
  return found.kind === 'file' ? found.checksum : assert.fail(`${path} is a directory`);
}

/** Names of the loose objects that a repository has itself, sorted. */
export function looseFiles(path: string): readonly string[] {
  const objects = join(path, 'objects');
  return readdirSync(objects)
    .flatMap((fan) => readdirSync(join(objects, fan)).map((name) => fan + name))
    .toSorted();
}
