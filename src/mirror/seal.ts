/**
 * Creates the published repo inside a container build (`RUN … seal` in the Containerfile) from the embedded
 * repo that the builder has unpacked. Every object is verified, which detects builders that change owners or
 * modes, as rootless builds do.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName, writeError } from '../base/atomic-file.ts';
import { isTreeportError, TreeportError, type Warn } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { ArchiveWriter } from '../ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { REPO_PATH } from '../tar/layout.ts';
import { FORMER_HOME, MIRROR_HOME, PUBLISHED_REPO } from './layout.ts';
import { isPublishedRepo } from './open-published.ts';
import type { Bake } from './packs/bake.ts';
import { type Baked, withBaker } from './packs/baker.ts';
import { type Publication, publicationOfCommits } from './published-refs.ts';
import {
  addObject,
  catalogueContent,
  contentOfCommits,
  createPublishedRepo,
  finishPublishedRepo,
  type NamedContent,
  writeRefs,
} from './published-repo.ts';
import { storeVirtualDeltas } from './store-virtual-deltas.ts';

export type SealOptions = {
  /** Root of the image's file system. */
  readonly root: string;
  /** Refs to publish the commits as. Default: those they are bound to. */
  readonly refs: readonly string[];
  readonly bake: Bake;
  /** Whether to compute virtual deltas to the commits. */
  readonly virtualDeltas: boolean;
  readonly warn: Warn;
};

export type Sealed = {
  readonly publication: Publication;
  /** Number of content objects. */
  readonly objects: number;
  readonly baked: Baked;
};

/** Writes the published repo below the root, atomically. */
export async function seal({ root, refs, bake, virtualDeltas, warn }: SealOptions): Promise<Sealed> {
  const target = join(root, MIRROR_HOME, PUBLISHED_REPO);
  await refuseMirror(target);
  await refuseMirror(join(root, FORMER_HOME, PUBLISHED_REPO));
  const embedded = await openRepository(join(root, REPO_PATH));
  const publication = await publicationOfCommits(
    embedded.objects,
    await embeddedCommits(embedded),
    refs,
    warn,
  );
  const temporary = temporaryName(target);
  try {
    await mkdir(temporary, { recursive: true });
    const written = await writeRepo(temporary, embedded.objects, { publication, bake, virtualDeltas, warn });
    await rename(temporary, target);
    return { publication, ...written };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw writeError(error, target);
  }
}

async function refuseMirror(publishedRepo: string): Promise<void> {
  if (!(await isPublishedRepo(publishedRepo))) return;
  throw new TreeportError(
    'ERR_ALREADY_MIRROR',
    `${publishedRepo} exists, so this is a mirror image already; start from the encapsulated image`,
  );
}

/** All commits, one at least. */
async function embeddedCommits({ objects, path }: Repository): Promise<readonly Checksum[]> {
  const commits: Checksum[] = [];
  for await (const { type, checksum } of objects.list()) if (type === 'commit') commits.push(checksum);
  if (commits.length > 0) return commits.toSorted();
  throw new TreeportError(
    'ERR_NOT_ENCAPSULATED',
    `the repository ${path} has no commit; start from an encapsulated image`,
  );
}

async function writeRepo(
  path: string,
  embedded: ObjectSource,
  {
    publication,
    bake,
    virtualDeltas,
    warn,
  }: Pick<SealOptions, 'bake' | 'virtualDeltas' | 'warn'> & { readonly publication: Publication },
): Promise<Omit<Sealed, 'publication'>> {
  const archive = await createPublishedRepo(path);
  const written = await withBaker(path, bake, async (baker) => {
    const content = embeddedContent(archive, embedded, publication.commits);
    const objects = await asBuilderFault(catalogueContent(archive, content, { verify: true, baker }));
    const order = contentOfCommits(withEmptyDirtree(embedded), publication.commits);
    return { objects, baked: await asBuilderFault(baker.finish(order)) };
  });
  await finishPublishedRepo(archive, { publication, objects: embedded, warn });
  writeRefs(archive, publication);
  if (virtualDeltas) await storeVirtualDeltas(path, withEmptyDirtree(embedded), publication.commits);
  return written;
}

/**
 * Yields the commits' content objects, each once; verifies metadata on the way, and publishes metadata that
 * is not embedded.
 */
async function* embeddedContent(
  archive: ArchiveWriter,
  embedded: ObjectSource,
  commits: readonly Checksum[],
): AsyncGenerator<NamedContent> {
  const source = withEmptyDirtree(embedded);
  const seen: SeenObjects = new Set();
  for (const commit of commits) {
    for await (const name of reachableObjects(source, commit, seen)) {
      const { type, checksum } = name;
      if (type === 'file') yield { checksum, object: await source.content(checksum) };
      else if (await embedded.has(name)) await verifiedMetadata(embedded, type, checksum);
      else await addObject(archive, source, name);
    }
  }
}

async function asBuilderFault<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isTreeportError(error, 'ERR_OBJECT_CORRUPT')) throw error;
    throw new TreeportError(
      'ERR_SEAL_OWNERS',
      `${error.message}; the image build changed its owner, mode or bytes; build as root, or use \`treeport mirror wrap\``,
      { cause: error },
    );
  }
}
