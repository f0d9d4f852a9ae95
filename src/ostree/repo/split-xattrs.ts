/**
 * Where bare-split-xattrs repositories keep the attributes of a content object, in the three
 * generations that ostree-ext has written:
 *
 * | generation | file of object C |
 * |---|---|
 * | inline | `objects/…C.file-xattrs-link`, a regular file with the serialized `a(ayay)` |
 * | linked | the same name, a hard link to `objects/…X.file-xattrs` (X: checksum of its content) |
 * | v0 | `objects/…C.file.xattrs`, a hard link to `xattrs/X`; no file where there are no attributes |
 */
import { isTreeportError } from '../../base/errors.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import type { Checksum } from '../checksum.ts';
import { NO_XATTRS } from '../xattrs.ts';
import type { LooseObjects } from './loose.ts';

export type SplitXattrs = (checksum: Checksum) => Promise<Buffer>;

/** Chooses the reader by the repository's layout: only v0 has the directory `xattrs`. */
export function splitXattrs(loose: LooseObjects): SplitXattrs {
  return hasV0Xattrs(loose.repoPath)
    ? (checksum) => readV0(loose, checksum)
    : (checksum) => loose.read(checksum, 'file-xattrs-link');
}

export function hasV0Xattrs(repoPath: string): boolean {
  return lstatBeneath(repoPath, 'xattrs')?.isDirectory() === true;
}

async function readV0(loose: LooseObjects, checksum: Checksum): Promise<Buffer> {
  try {
    return await loose.read(checksum, 'file.xattrs');
  } catch (error) {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return NO_XATTRS;
    throw error;
  }
}
