/** Opens content objects whose files hold their bytes as they are. */
import { closeSync, readSync } from 'node:fs';
import type { OpenedFile } from '../../base/open-beneath.ts';
import type { Checksum } from '../checksum.ts';
import type { FileHeader } from '../file-header.ts';
import type { OpenedContent } from '../object-source.ts';
import type { LooseObjects } from './loose.ts';
import { objectError } from './object-error.ts';

/**
 * `describe` gives the header of an open file at a path, or undefined if the file is not the object's bytes,
 * as that of a symlink. Its errors become the object's.
 */
export function openContent(
  loose: LooseObjects,
  checksum: Checksum,
  describe: (file: OpenedFile, path: string) => FileHeader | undefined,
): OpenedContent | undefined {
  const file = loose.openIfRegular(checksum, 'file');
  if (file === 'irregular') return undefined;
  const { fd, stats } = file;
  const path = loose.path(checksum, 'file');
  const coded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw objectError(error, `${checksum}.file`, path);
    }
  };
  let header: FileHeader | undefined;
  try {
    header = coded(() => describe(file, path));
  } finally {
    if (header === undefined) closeSync(fd);
  }
  if (header === undefined) return undefined;
  const read = (memory: Uint8Array) => coded(() => readSync(fd, memory, 0, memory.length, null));
  return { header, size: stats.size, fd, read, close: () => closeSync(fd) };
}
