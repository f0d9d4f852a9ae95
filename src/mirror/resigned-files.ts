/**
 * Which files of a published repo follow when the detached metadata of commits is replaced in an image:
 *
 * | file | what it has |
 * |---|---|
 * | `objects/….commitmeta` | the metadata: of carried commits; of the encapsulated one if it is there |
 * | superblocks of static and virtual deltas | a copy of it, the only one that clients verify |
 * | `delta-indexes/…`, `summary` | checksums of the superblocks |
 * | `snapshot/objects` | digests of the layers |
 *
 * Detached metadata in the published repo takes precedence over that of the embedded repo. flatpak's
 * sub-summaries list no deltas. Nothing else changes, so parts of deltas keep their names and bytes. A signed
 * summary is never changed: a superblock that it lists stays as it is, with a warning.
 */
import type { Warn } from '../base/errors.ts';
import type { ChangedCommits, PublishedFiles } from '../container/signatures/published-files.ts';
import { superblockIn, withDetachedMetadata } from '../delta/static/stored-superblock.ts';
import { serializeSuperblock } from '../delta/static/superblock.ts';
import { VIRTUAL_DELTAS } from '../delta/virtual/virtual-delta.ts';
import { checksumOf, checksumToBytes } from '../ostree/checksum.ts';
import { DELTA_INDEXES } from '../ostree/delta-name.ts';
import { parseDict } from '../ostree/metadata-dict.ts';
import { loosePath } from '../ostree/object-name.ts';
import { movedLayers } from './carried/object-list.ts';
import { DELTAS, FORMER_HOME, MIRROR_HOME, OBJECT_LIST, PUBLISHED_REPO } from './layout.ts';

type Files = ReadonlyMap<string, Buffer>;

const SUMMARY = 'summary';
const COMMITMETA = /^objects\/.*\.commitmeta$/;

export function resignedFiles(warn: Warn): PublishedFiles {
  return {
    repos: [MIRROR_HOME, FORMER_HOME].map((home) => `${home}/${PUBLISHED_REPO}`),
    isNeeded: (path) =>
      [SUMMARY, 'summary.sig', OBJECT_LIST].includes(path) ||
      COMMITMETA.test(path) ||
      path.startsWith(`${DELTA_INDEXES}/`) ||
      isSuperblock(path),
    change: (files, changed) => {
      const changes = new Map<string, Uint8Array | undefined>();
      for (const [commit, detached] of changed.metadata) {
        const path = loosePath(commit, 'commitmeta');
        if (changed.carried.has(commit) || files.has(path)) changes.set(path, detached);
      }
      const list = files.get(OBJECT_LIST);
      if (list !== undefined && changed.moved.size > 0)
        changes.set(OBJECT_LIST, movedLayers(list, changed.moved));
      for (const [path, bytes] of changedDeltas(files, changed, warn)) changes.set(path, bytes);
      return changes;
    },
  };
}

function isSuperblock(path: string): boolean {
  return isStored(path) || path.startsWith(`${VIRTUAL_DELTAS}/`);
}

function isStored(path: string): boolean {
  return path.startsWith(`${DELTAS}/`) && path.endsWith('/superblock');
}

/** The superblocks with the new metadata, and what lists their checksums. */
function changedDeltas(files: Files, { metadata }: ChangedCommits, warn: Warn): Files {
  const changes = new Map<string, Buffer>();
  const summary = files.get(SUMMARY);
  const isSigned = files.has('summary.sig');
  const lists = [...files].filter(([path]) => path === SUMMARY || path.startsWith(`${DELTA_INDEXES}/`));
  for (const [path, former] of files) {
    const superblock = isSuperblock(path) ? superblockIn(former) : undefined;
    if (superblock === undefined || !metadata.has(superblock.to)) continue;
    const detached = metadata.get(superblock.to);
    const dict = detached === undefined ? new Map() : parseDict(detached);
    const present = serializeSuperblock(withDetachedMetadata(superblock, dict));
    const [sum, newSum] = [former, present].map((bytes) => checksumToBytes(checksumOf(bytes))) as [
      Buffer,
      Buffer,
    ];
    if (isSigned && isStored(path) && summary?.includes(sum) === true) {
      warn(
        `the static delta to ${superblock.to} holds a copy of the former signatures, and the signed summary lists it, so clients that verify may refuse it; build the mirror again to replace it`,
      );
      continue;
    }
    changes.set(path, present);
    for (const [list, bytes] of lists) {
      const listed = changes.get(list) ?? bytes;
      if (listed.includes(sum)) changes.set(list, withSum(listed, sum, newSum));
    }
  }
  return changes;
}

/** Checksums have one length and are in these files once or twice, so that nothing else changes. */
function withSum(list: Buffer, former: Buffer, present: Buffer): Buffer {
  const changed = Buffer.from(list);
  for (let at = changed.indexOf(former); at >= 0; at = changed.indexOf(former, at + former.length))
    present.copy(changed, at);
  return changed;
}
