/**
 * Content objects that are stored as files of their own kind, in the modes
 *
 * | mode | owner, mode | xattrs | symlinks |
 * |---|---|---|---|
 * | bare | the file's | the file's | symlinks |
 * | bare-split-xattrs | the file's | in a file beside it | symlinks |
 * | bare-user-only | 0:0, the file's mode | none | symlinks |
 *
 * bare-user keeps all of it in one attribute: bare-user.ts.
 */
import type { Stats } from 'node:fs';
import type { Checksum } from '../checksum.ts';
import { S_IFMT } from '../dirmeta.ts';
import { type FileHeader, S_IFLNK, S_IFREG, SYMLINK_MODE } from '../file-header.ts';
import { objectFault } from '../object-fault.ts';
import { type StoredObject, storedEmpty } from '../object-source.ts';
import { NO_XATTRS, serializeXattrs } from '../xattrs.ts';
import type { LooseObjects } from './loose.ts';
import type { ContentStore } from './loose-metadata.ts';
import { objectError } from './object-error.ts';
import { openContent } from './open-content.ts';
import type { XattrReader } from './xattr-reader.ts';

type OwnerAndXattrs = Pick<FileHeader, 'uid' | 'gid' | 'xattrs'>;

export function bareContent(loose: LooseObjects, xattrs: XattrReader): ContentStore {
  const attributes = ({ uid, gid }: Stats, path: string, descriptor?: number): OwnerAndXattrs => ({
    uid,
    gid,
    xattrs: serializeXattrs(xattrs.list(path, descriptor)),
  });
  return {
    ...fileStore(loose, async (checksum, stats) => {
      const path = loose.path(checksum, 'file');
      try {
        return attributes(stats, path);
      } catch (error) {
        throw objectError(error, `${checksum}.file`, path);
      }
    }),
    openContent: (checksum) =>
      openContent(loose, checksum, ({ fd, stats }, path) =>
        regularHeader(stats, attributes(stats, path, fd)),
      ),
  };
}

export function bareUserOnlyContent(loose: LooseObjects): ContentStore {
  const attributes = { uid: 0, gid: 0, xattrs: NO_XATTRS };
  return {
    ...fileStore(loose, async () => attributes),
    openContent: (checksum) => openContent(loose, checksum, ({ stats }) => regularHeader(stats, attributes)),
  };
}

/** `readXattrs` gives the serialized attributes of an object; see split-xattrs.ts. */
export function splitContent(
  loose: LooseObjects,
  readXattrs: (checksum: Checksum) => Promise<Buffer>,
): ContentStore {
  return fileStore(loose, async (checksum, stats) => ({
    uid: stats.uid,
    gid: stats.gid,
    xattrs: await readXattrs(checksum),
  }));
}

function fileStore(
  loose: LooseObjects,
  attributes: (checksum: Checksum, stats: Stats) => Promise<OwnerAndXattrs>,
): ContentStore {
  return {
    extension: 'file',
    async content(checksum): Promise<StoredObject> {
      const stats = await loose.stat(checksum, 'file');
      const kind = stats.mode & S_IFMT;
      const found = await attributes(checksum, stats);
      if (kind === S_IFLNK) {
        const target = await readTarget(loose, checksum);
        return storedEmpty({ ...found, mode: SYMLINK_MODE, target });
      }
      if (kind !== S_IFREG)
        throw objectFault(`object ${checksum}.file`, 'is neither a regular file nor a symlink');
      return loose.storedFile(checksum, 'file', regularHeader(stats, found), stats.size);
    },
  };
}

function regularHeader({ mode }: Stats, attributes: OwnerAndXattrs): FileHeader {
  return { ...attributes, mode, target: '' };
}

async function readTarget(loose: LooseObjects, checksum: Checksum): Promise<string> {
  return decodeTarget(await loose.readLink(checksum, 'file'), checksum);
}

/** Headers store symlink targets as UTF-8 strings, so other targets cannot be represented. */
export function decodeTarget(bytes: Buffer, checksum: Checksum): string {
  const target = bytes.toString('utf8');
  if (Buffer.from(target).equals(bytes)) return target;
  throw objectFault(`object ${checksum}.file`, 'is a symlink whose target is not UTF-8');
}
