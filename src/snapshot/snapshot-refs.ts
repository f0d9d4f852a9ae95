/** The refs of a snapshot, from the files of its published repo. */
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { type Checksum, isChecksum } from '../ostree/checksum.ts';
import { checkRefName } from '../ostree/ref-name.ts';

export type SnapshotRef = {
  readonly name: string;
  /** The collections that the ref is of. */
  readonly collections: readonly string[];
  readonly commit: Checksum;
};

/** Sorted by the bytes of their names. */
export type SnapshotRefs = readonly SnapshotRef[];

const HEADS = 'refs/heads/';
const MIRRORS = 'refs/mirrors/';

/** ERR_SNAPSHOT, ERR_REF_SYNTAX. */
export function parseSnapshotRefs(files: ReadonlyMap<string, Buffer>, where: string): SnapshotRefs {
  const collections = new Map<string, string[]>();
  for (const path of files.keys()) {
    const [, id, name] = /^refs\/mirrors\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (id !== undefined && name !== undefined) collections.set(name, [...(collections.get(name) ?? []), id]);
  }
  const refs: SnapshotRef[] = [];
  for (const [path, bytes] of files) {
    if (!path.startsWith(HEADS)) continue;
    const name = path.slice(HEADS.length);
    checkRefName(name);
    const commit = bytes.toString('latin1').trim();
    const same = (id: string) => files.get(`${MIRRORS}${id}/${name}`)?.equals(bytes) === true;
    const ids = collections.get(name) ?? [];
    if (!isChecksum(commit) || !ids.every(same))
      throw new TreeportError(
        'ERR_SNAPSHOT',
        `the ref ${name} of ${where} is damaged; make the snapshot again`,
      );
    refs.push({ name, collections: ids.toSorted(compareBytes), commit });
  }
  return refs.toSorted((a, b) => compareBytes(a.name, b.name));
}
