/**
 * Small metadata objects, read at once and verified; every repository mode keeps metadata as it is.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import { type HashedMetadataType, loosePath } from '../../ostree/object-name.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { verifyMetadata } from '../../ostree/verify.ts';
import { openObjectFile, rememberedObjectFile } from '../http/file-memory.ts';
import { closePlainFile, type PlainFile } from '../http/plain-file.ts';

export type FileInMemory = PlainFile & { readonly content: Buffer };

export function isInMemory(file: PlainFile): file is FileInMemory {
  return Buffer.isBuffer(file.content);
}

/** Files in memory whose bytes were found to give the checksum they are named by. */
const verified = new WeakSet<PlainFile>();

/**
 * The file of a metadata object. Undefined if it takes more: the object is large, missing or faulty.
 */
export function smallMetadata(
  repo: Repository,
  type: HashedMetadataType,
  checksum: Checksum,
): FileInMemory | undefined {
  try {
    const path = loosePath(checksum, type);
    const file = remembered(repo, path) ?? openFirst(repo, path);
    if (file === undefined) return undefined;
    if (!isInMemory(file)) {
      closePlainFile(file);
      return undefined;
    }
    if (!verified.has(file)) verifyMetadata(type, checksum, file.content);
    verified.add(file);
    return file;
  } catch {
    // Reading it through the ObjectSource gives the error.
    return undefined;
  }
}

/** From the memory of any of the repositories: all have the same bytes, if they are right. */
function remembered({ metadataFrom }: Repository, path: string): PlainFile | undefined {
  for (const root of metadataFrom) {
    const file = rememberedObjectFile(root, path);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** The object's file in the first repository that has it. */
function openFirst({ metadataFrom }: Repository, path: string): PlainFile | undefined {
  for (const root of metadataFrom) {
    const file = openObjectFile(root, path);
    if (file !== undefined) return file;
  }
  return undefined;
}
