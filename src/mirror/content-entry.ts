/**
 * How the content objects of the embedded commit get into the published repo: each as an entry of the catalogue,
 * and those that a server without privileges could not read also as a ready `.filez`.
 */

import type { Checksum } from '../ostree/checksum.ts';
import { type FileHeader, isSymlink } from '../ostree/file-header.ts';
import type { ContentObject } from '../ostree/object-source.ts';
import type { ArchiveWriter } from '../ostree/repo/archive-writer.ts';
import { verifyContent } from '../ostree/verify.ts';
import type { CatalogueEntry } from './catalogue.ts';

const WORLD_READABLE = 0o004;

/** True for a regular file that has bytes which not everyone may read. */
export function needsReadyFile(header: FileHeader, size: number): boolean {
  return !isSymlink(header) && size > 0 && (header.mode & WORLD_READABLE) === 0;
}

/**
 * Makes the ready `.filez` if the object needs one. Whether the object's bytes give its id is checked then, and
 * for every object if `verify` is set: ERR_OBJECT_CORRUPT.
 */
export async function contentEntry(
  checksum: Checksum,
  object: ContentObject,
  archive: ArchiveWriter,
  { verify }: { readonly verify: boolean },
): Promise<CatalogueEntry> {
  const { header, size } = object;
  if (needsReadyFile(header, size)) await archive.object(checksum, object);
  else if (verify) await verifyContent(object, checksum);
  return { checksum, header, size };
}
