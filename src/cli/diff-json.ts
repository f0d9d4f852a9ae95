/** Formats a diff as JSON: the lists of ostree-ext's diff, with the attributes of every path. */
import type { At, CommitDiff, DiffNode, Pair } from '../ostree/diff.ts';
import { attributesOf, describeChange, type NodeAttributes } from '../ostree/diff-attributes.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import type { Xattr } from '../ostree/xattrs.ts';
import { formatMode } from './diff-text.ts';

/** A value for `JSON.stringify`. Modes are octal text; values of extended attributes are base64. */
export async function diffDocument(source: ObjectSource, diff: CommitDiff): Promise<object> {
  const nodes = async (list: readonly At<DiffNode>[]) => {
    const documents: object[] = [];
    for (const node of list)
      documents.push({ path: node.path, ...attributesDocument(await attributesOf(source, node)) });
    return documents;
  };
  const changes = async (list: readonly Pair<DiffNode>[]) => {
    const documents: object[] = [];
    for (const pair of list) {
      const { path, aspects, from, to } = await describeChange(source, pair);
      documents.push({ path, aspects, from: attributesDocument(from), to: attributesDocument(to) });
    }
    return documents;
  };
  return {
    from: diff.from,
    to: diff.to,
    ...(diff.subdir === undefined ? {} : { subdir: diff.subdir }),
    addedFiles: await nodes(diff.addedFiles),
    addedDirs: await nodes(diff.addedDirs),
    removedFiles: await nodes(diff.removedFiles),
    removedDirs: await nodes(diff.removedDirs),
    changedFiles: await changes(diff.changedFiles),
    changedDirs: await changes(diff.changedDirs),
  };
}

function attributesDocument({ type, mode, uid, gid, xattrs, size, target }: NodeAttributes): object {
  return {
    type,
    mode: formatMode(mode),
    uid,
    gid,
    ...(type === 'file' ? { size } : {}),
    ...(type === 'symlink' ? { target } : {}),
    xattrs: xattrsDocument(xattrs),
  };
}

/** Values are base64. */
export function xattrsDocument(xattrs: readonly Xattr[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    xattrs.map(({ name, value }) => [name.toString('utf8'), value.toString('base64')]),
  );
}
