/** Reads small files of a commit's tree. */
import { collect } from '../base/bytes.ts';
import { isTreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import { isSymlink } from './file-header.ts';
import { loadCommitObject } from './load.ts';
import { lookUp } from './lookup.ts';
import type { ObjectSource } from './object-source.ts';
import { verifiedStream } from './verify.ts';

export type SmallFile = { readonly commit: Checksum; readonly path: string; readonly maxBytes: number };

/**
 * The bytes of the file, verified; undefined if the tree has no regular file at the path, or a larger one.
 * Follows no symlink. Errors of an ObjectSource.
 */
export async function readTreeFile(
  objects: ObjectSource,
  { commit, path, maxBytes }: SmallFile,
): Promise<Buffer | undefined> {
  const { rootTree: tree, rootMeta: meta } = await loadCommitObject(objects, commit);
  try {
    const found = await lookUp(objects, { tree, meta }, path);
    if (found.kind === 'directory') return undefined;
    const object = await objects.content(found.checksum);
    if (isSymlink(object.header) || object.size > maxBytes) return undefined;
    return await collect(verifiedStream(object, found.checksum));
  } catch (error) {
    if (isTreeportError(error, 'ERR_PATH_MISSING')) return undefined;
    throw error;
  }
}
