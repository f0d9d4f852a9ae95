/** An entry of `repo ls` as JSON. Modes are octal text; values of extended attributes are base64. */
import { PERMISSIONS, parseDirmeta } from '../ostree/dirmeta.ts';
import { isSymlink } from '../ostree/file-header.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { TreeVisit } from '../ostree/walk.ts';
import { parseXattrs } from '../ostree/xattrs.ts';
import { xattrsDocument } from './diff-json.ts';
import { formatMode } from './diff-text.ts';

export async function lsDocument(source: ObjectSource, visit: TreeVisit): Promise<object> {
  const { path } = visit;
  if (visit.kind === 'directory') {
    const meta = parseDirmeta(await source.metadata('dirmeta', visit.meta));
    const checksums = { dirtree: visit.tree, dirmeta: visit.meta };
    return {
      path,
      type: 'directory',
      ...attributes(meta),
      ...checksums,
      xattrs: xattrsDocument(meta.xattrs),
    };
  }
  const { header, size } = await source.content(visit.checksum);
  return {
    path,
    ...(isSymlink(header) ? { type: 'symlink', target: header.target } : { type: 'file', size }),
    ...attributes(header),
    checksum: visit.checksum,
    xattrs: xattrsDocument(parseXattrs(header.xattrs)),
  };
}

function attributes({
  mode,
  uid,
  gid,
}: {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}) {
  return { mode: formatMode(mode & PERMISSIONS), uid, gid };
}
