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
import type { XattrReader } from './xattr-reader.ts';

const META_XATTR = 'user.ostreemeta';
const META_TYPE = '(uuua(ayay))';
const MAX_TARGET_BYTES = 4096;

export function bareUserContent(loose: LooseObjects, xattrs: XattrReader): ContentStore {
  return {
    extension: 'file',
    async content(checksum) {
      const stats = await loose.stat(checksum, 'file');
      const header = readMeta(loose, xattrs, checksum);
      if (!isSymlink(header)) return loose.storedFile(checksum, 'file', header, stats.size);
      const target = await readTarget(loose, checksum, stats.size);
      return storedEmpty({ ...header, target });
    },
  };
}

function readMeta(loose: LooseObjects, xattrs: XattrReader, checksum: Checksum): FileHeader {
  const path = loose.path(checksum, 'file');
  let bytes: Buffer | undefined;
  try {
    bytes = xattrs.get(path, META_XATTR);
  } catch (error) {
    throw objectError(error, `${checksum}.file`, path);
  }
  if (bytes === undefined) throw objectFault(`object ${checksum}.file`, `lacks the attribute ${META_XATTR}`);
  try {
    return parseMeta(bytes, `object ${checksum}.file`);
  } catch (error) {
    throw objectError(error, `${checksum}.file`, path);
  }
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
