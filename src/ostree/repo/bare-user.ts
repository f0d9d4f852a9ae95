/**
 * Content objects of bare-user repositories: a plain file each, owner, mode and xattrs in its attribute
 * `user.ostreemeta`, a `(uuua(ayay))` with big-endian numbers. A symlink is a file that holds the target.
 */
import { collect } from '../../base/bytes.ts';
import { view } from '../../gvariant/index.ts';
import { swap32 } from '../byte-order.ts';
import type { Checksum } from '../checksum.ts';
import { checkFileHeader, type FileHeader, isSymlink } from '../file-header.ts';
import { objectFault } from '../object-fault.ts';
import { storedEmpty } from '../object-source.ts';
import { decodeTarget } from './bare.ts';
import type { LooseObjects } from './loose.ts';
import type { ContentStore } from './loose-metadata.ts';
import { objectError } from './object-error.ts';
import { openContent } from './open-content.ts';
import type { XattrReader } from './xattr-reader.ts';

const META_XATTR = 'user.ostreemeta';
const META_TYPE = '(uuua(ayay))';
const MAX_TARGET_BYTES = 4096;

export function bareUserContent(loose: LooseObjects, xattrs: XattrReader): ContentStore {
  return {
    extension: 'file',
    async content(checksum) {
      const stats = await loose.stat(checksum, 'file');
      const path = loose.path(checksum, 'file');
      let header: FileHeader;
      try {
        header = readMeta(xattrs, checksum, path);
      } catch (error) {
        throw objectError(error, `${checksum}.file`, path);
      }
      if (!isSymlink(header)) return loose.storedFile(checksum, 'file', header, stats.size);
      const target = await readTarget(loose, checksum, stats.size);
      return storedEmpty({ ...header, target });
    },
    openContent: (checksum) =>
      openContent(loose, checksum, ({ fd }, path) => {
        const header = readMeta(xattrs, checksum, path, fd);
        return isSymlink(header) ? undefined : header;
      }),
  };
}

function readMeta(xattrs: XattrReader, checksum: Checksum, path: string, descriptor?: number): FileHeader {
  const bytes = xattrs.get(path, META_XATTR, descriptor);
  if (bytes === undefined) throw objectFault(`object ${checksum}.file`, `lacks the attribute ${META_XATTR}`);
  return parseMeta(bytes, `object ${checksum}.file`);
}

function parseMeta(bytes: Buffer, where: string): FileHeader {
  const meta = view(META_TYPE, bytes).check();
  const number = (index: number) => swap32(meta.child(index).value() as number);
  const xattrs = Buffer.from(meta.child(3).bytes);
  const header = { uid: number(0), gid: number(1), mode: number(2), target: '', xattrs };
  checkFileHeader(header, where);
  return header;
}

async function readTarget(loose: LooseObjects, checksum: Checksum, size: number): Promise<string> {
  if (size > MAX_TARGET_BYTES)
    throw objectFault(`object ${checksum}.file`, `is a symlink with a target of ${size} bytes`);
  const bytes = await collect(loose.stream(checksum, 'file'));
  return decodeTarget(bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes, checksum);
}
