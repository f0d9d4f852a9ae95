/**
 * Writes a published repo: an ordinary archive repository without the objects of the embedded commit. The
 * catalogue has their headers and sizes, and the embedded repo, which is the published repo's parent, their
 * bytes; files that not everyone may read are stored as ready `.filez`.
 *
 * The steps, in order: {@link createPublishedRepo}, {@link catalogueContent}, {@link addObject} for objects
 * that are neither embedded nor in layers of their own, {@link finishPublishedRepo}, {@link writeRefs}. A
 * snapshot has too many refs for the last: they go into its layer without files (ref-files.ts).
 */
import { join } from 'node:path';
import { writeFileAtomic, writeFileNow } from '../base/atomic-file.ts';
import type { Warn } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { ReadFile } from '../ostree/flatpak/made-index.ts';
import { flatpakConfigLines } from '../ostree/flatpak/repository-keys.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { isHashedMetadata, type ObjectName } from '../ostree/object-name.ts';
import type { ContentObject, MetadataSource, ObjectSource } from '../ostree/object-source.ts';
import { ArchiveWriter, archiveConfig } from '../ostree/repo/archive-writer.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { verifyContent } from '../ostree/verify.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { type CatalogueEntry, needsReadyFile } from './catalogue.ts';
import { writeCatalogue } from './catalogue-writer.ts';
import { copyDeltas } from './copy-deltas.ts';
import { CATALOGUE_FILE } from './layout.ts';
import type { Baker } from './packs/baker.ts';
import type { Publication } from './published-refs.ts';
import { writeSummary } from './published-summary.ts';
import { publishedHeads, publishedMirrors, refFiles } from './ref-files.ts';

/** Ready objects are written once and served often. */
const READY_LEVEL = 9;
const PARENT = '/sysroot/ostree/repo';

export type NamedContent = { readonly checksum: Checksum; readonly object: ContentObject };

/** Creates the directory and the files that every archive repository has. */
export async function createPublishedRepo(path: string): Promise<ArchiveWriter> {
  return ArchiveWriter.create(path, { level: READY_LEVEL, config: configText({ refs: [] }) });
}

export type CatalogueOptions = {
  /** Read and verify every object; may be false only if the objects are verified elsewhere. */
  readonly verify: boolean;
  /** Gets the objects that it wants. */
  readonly baker: Baker;
};

/**
 * Writes the catalogue of the embedded commits' content objects, each given once, and the ready objects;
 * returns their number.
 */
export function catalogueContent(
  archive: ArchiveWriter,
  content: AsyncIterable<NamedContent>,
  options: CatalogueOptions,
): Promise<number> {
  return writeCatalogue(join(archive.path, CATALOGUE_FILE), contentEntries(archive, content, options));
}

async function* contentEntries(
  archive: ArchiveWriter,
  content: AsyncIterable<NamedContent>,
  options: CatalogueOptions,
): AsyncGenerator<CatalogueEntry> {
  for await (const { checksum, object } of content) {
    yield await contentEntry(checksum, object, archive, options);
  }
}

/**
 * Writes the ready `.filez` if the object needs one, or bakes it. It is verified then, or if `verify` is set:
 * ERR_OBJECT_CORRUPT.
 */
async function contentEntry(
  checksum: Checksum,
  object: ContentObject,
  archive: ArchiveWriter,
  { verify, baker }: CatalogueOptions,
): Promise<CatalogueEntry> {
  const { header, size } = object;
  if (needsReadyFile({ header, size })) await archive.object(checksum, object);
  else if (baker.wants(object)) await baker.add(checksum, object);
  else if (verify) await verifyContent(object, checksum);
  return { checksum, header, size };
}

/** Adds an object of `source` as a loose object, verified; a commit with its detached metadata. */
export async function addObject(
  archive: ArchiveWriter,
  source: ObjectSource,
  name: ObjectName,
): Promise<void> {
  const { type, checksum } = name;
  if (type === 'file') return archive.object(checksum, await source.content(checksum));
  if (!isHashedMetadata(type)) return;
  await archive.metadata(type, await verifiedMetadata(source, type, checksum));
  if (type === 'commit') await addDetachedMetadata(archive, source, [checksum]);
}

/** Adds the detached metadata of those commits that have some. */
export async function addDetachedMetadata(
  archive: ArchiveWriter,
  source: ObjectSource,
  commits: readonly Checksum[],
): Promise<void> {
  for (const checksum of commits) {
    if (!(await source.has({ type: 'commitmeta', checksum }))) continue;
    await archive.detachedMetadata(checksum, await source.metadata('commitmeta', checksum));
  }
}

export type FinishOptions = {
  readonly publication: Publication;
  /** A source of the published commits. */
  readonly objects: ObjectSource;
  /** The source repository, whose deltas and, if it matches, summary are published as well. */
  readonly origin?: Repository;
  /** Files of an earlier mirror (SummaryContext). */
  readonly former?: ReadFile | undefined;
  readonly warn: Warn;
};

/** Writes static deltas and the summary. */
export async function finishPublishedRepo(archive: ArchiveWriter, options: FinishOptions): Promise<void> {
  const { publication, objects, origin, former, warn } = options;
  const config = configText(publication, origin);
  await writeFileAtomic(join(archive.path, 'config'), Buffer.from(config));
  for (let repo = origin; repo !== undefined; repo = repo.parent) {
    await copyDeltas(repo.path, archive.path, publication.commits);
  }
  const refs = { heads: publishedHeads(publication), mirrors: publishedMirrors(publication) };
  await writeSummary({ path: archive.path, ...refs, config, objects, origin, former, warn });
}

/** With the publisher's words about a flatpak repository. */
function configText(
  { refs, isWithoutOs }: Pick<Publication, 'refs' | 'isWithoutOs'>,
  origin?: Repository,
): string {
  const collection = refs.find((ref) => ref.collection !== undefined)?.collection;
  return archiveConfig([
    ...(isWithoutOs === true ? [] : [`parent=${PARENT}`]),
    'indexed-deltas=true',
    ...(collection === undefined ? [] : [`collection-id=${collection}`]),
    ...(origin === undefined ? [] : flatpakConfigLines(origin.config)),
  ]);
}

/** Writes the refs as files. */
export function writeRefs(archive: ArchiveWriter, publication: Publication): void {
  for (const [path, bytes] of refFiles(publication)) writeFileNow(join(archive.path, path), bytes);
}

/** The content objects of the commits, in the order of their trees. */
export async function* contentOfCommits(
  source: MetadataSource,
  commits: readonly Checksum[],
): AsyncGenerator<Checksum> {
  const seen: SeenObjects = new Set();
  for (const commit of commits) {
    for await (const { type, checksum } of reachableObjects(source, commit, seen)) {
      if (type === 'file') yield checksum;
    }
  }
}
