/**
 * Opens the published repo of a mirror image, combined with the embedded repo, as one repository:
 *
 * | object | from |
 * |---|---|
 * | content in the catalogue | header and size from the catalogue; the bytes from the embedded repo |
 * | such content that not everyone may read | the ready `.filez` |
 * | metadata of the embedded commit | the embedded repo |
 * | anything else | loose objects of the published repo |
 *
 * Beside these, `ready` has the archive files of the objects that were baked.
 *
 * File owners, modes and xattrs are ignored, because a container runtime may have changed them.
 */
import { join, resolve } from 'node:path';
import { isTreeportError, TreeportError } from '../base/errors.ts';
import { isFileBeneath } from '../base/open-beneath.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { isSymlink } from '../ostree/file-header.ts';
import { type ObjectSource, type StoredObject, storedEmpty } from '../ostree/object-source.ts';
import { archiveContent } from '../ostree/repo/archive.ts';
import { noRepository, readRepositoryConfig } from '../ostree/repo/config.ts';
import { LooseObjects } from '../ostree/repo/loose.ts';
import { looseSource } from '../ostree/repo/loose-metadata.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { overlay } from '../ostree/repo/overlay.ts';
import { Catalogue, needsReadyFile } from './catalogue.ts';
import { CATALOGUE_FILE, embeddedRepoOf } from './layout.ts';
import { Packs } from './packs/packs.ts';

export type PublishedRepository = Repository & {
  /** Closes the catalogue and the packs; no object can be read afterwards. */
  close(): void;
};

/** True if the directory is a published repo; ERR_FILE_UNSAFE if its catalogue leads out of it. */
export async function isPublishedRepo(path: string): Promise<boolean> {
  try {
    return isFileBeneath(path, CATALOGUE_FILE);
  } catch (error) {
    if (isTreeportError(error)) throw error;
    return false;
  }
}

/**
 * Opens the published repo at `path`, inside a mirror image; ERR_REPO_MISSING, ERR_REPO_CONFIG,
 * ERR_CATALOGUE, ERR_PACKS, ERR_FILE_UNSAFE.
 */
export async function openPublishedRepo(path: string): Promise<PublishedRepository> {
  const absolute = resolve(path);
  const config = readRepositoryConfig(absolute);
  if (config === undefined) throw noRepository(absolute, 'it has no file "config"');
  const catalogue = Catalogue.open(join(absolute, CATALOGUE_FILE));
  const ready = openPacks(absolute, catalogue);
  const published = new LooseObjects(absolute);
  const embeddedPath = embeddedRepoOf(absolute);
  const embedded = new LooseObjects(embeddedPath);
  const own = looseSource(published, archiveContent(published));
  const objects = publishedObjects(own, embeddedObjects(catalogue, embedded, own));
  return {
    path: absolute,
    mode: 'archive',
    config,
    objects,
    parent: undefined,
    metadataFrom: [embeddedPath, absolute],
    ready,
    close: () => {
      catalogue.close();
      ready?.close();
    },
  };
}

function openPacks(path: string, catalogue: Catalogue): Packs | undefined {
  try {
    return Packs.open(path);
  } catch (error) {
    catalogue.close();
    throw error;
  }
}

/**
 * Embedded objects first, because they are the majority; but later detached metadata of the published repo
 * wins.
 */
function publishedObjects(own: ObjectSource, embedded: ObjectSource): ObjectSource {
  const { has, content, metadata, list } = overlay(embedded, own);
  const detachedFirst = overlay(own, embedded);
  return {
    has,
    content,
    list,
    metadata: (type, checksum) =>
      type === 'commitmeta' ? detachedFirst.metadata(type, checksum) : metadata(type, checksum),
  };
}

function embeddedObjects(catalogue: Catalogue, embedded: LooseObjects, ready: ObjectSource): ObjectSource {
  const content = async (checksum: Checksum): Promise<StoredObject> => {
    const entry = catalogue.get(checksum);
    if (entry === undefined) {
      throw new TreeportError(
        'ERR_OBJECT_MISSING',
        `object ${checksum}.file is not in the catalogue ${catalogue.path}`,
      );
    }
    const { header, size } = entry;
    if (needsReadyFile(entry)) return ready.content(checksum);
    if (size === 0 || isSymlink(header)) return storedEmpty(header);
    return embedded.storedFile(checksum, 'file', header, size);
  };
  const loose = looseSource(embedded, { extension: 'file', content });
  return {
    metadata: loose.metadata,
    content,
    has: async (name) => (name.type === 'file' ? catalogue.has(name.checksum) : loose.has(name)),
    async *list() {
      for (const checksum of catalogue.checksums()) yield { type: 'file', checksum };
      for await (const name of loose.list()) if (name.type !== 'file') yield name;
    },
  };
}

/** The published repo of the image that contains the runtime's program, if it has one. */
export async function findPublishedRepo(programDirectory: string): Promise<string | undefined> {
  const path = resolve(programDirectory, '../repo');
  return (await isPublishedRepo(path)) ? path : undefined;
}
