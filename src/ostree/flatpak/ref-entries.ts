/**
 * What flatpak's summaries say of the refs of a repository. Most of it is in the commits of apps and
 * runtimes. For appstream refs flatpak counts the sizes itself when it makes an index: they are taken from
 * an index that has them, or counted in the same way.
 */
import { lstatBeneath } from '../../base/list-beneath.ts';
import { swap64 } from '../byte-order.ts';
import { isSymlink } from '../file-header.ts';
import { loadCommitObject } from '../load.ts';
import { loosePath } from '../object-name.ts';
import type { ObjectSource } from '../object-source.ts';
import type { OfferedRef } from '../offered-refs.ts';
import type { SummaryRef } from '../summary.ts';
import { readTreeFile } from '../tree-file.ts';
import { filesBelow } from '../walk.ts';
import type { FlatpakEntry } from './cache.ts';
import { isFlatpakRef } from './ref-parts.ts';
import { entryOfSubSummary } from './sub-summary.ts';

export type EntrySources = {
  readonly objects: ObjectSource;
  /** Directory of the repository that the objects come from, if it is an archive. */
  readonly archive: string | undefined;
  /** The refs in such an index. */
  readonly indexed: readonly SummaryRef[];
};

/** flatpak counts blocks of this size. */
const BLOCK = 512;
const MAX_METADATA_FILE = 2 ** 20;

/** The refs, each app, runtime and appstream ref with its entry. */
export async function withFlatpakEntries(
  refs: readonly OfferedRef[],
  sources: EntrySources,
): Promise<readonly OfferedRef[]> {
  const indexed = new Map(sources.indexed.map((ref) => [`${ref.name} ${ref.commit}`, ref]));
  const completed: OfferedRef[] = [];
  for (const ref of refs) {
    if (ref.flatpak !== undefined || !isFlatpakRef(ref.name)) {
      completed.push(ref);
      continue;
    }
    const known = indexed.get(`${ref.name} ${ref.commit}`);
    const listed = known === undefined ? undefined : entryOfSubSummary(known);
    completed.push({ ...ref, flatpak: listed ?? (await countedEntry(ref, sources)) });
  }
  return completed;
}

async function countedEntry(
  { commit }: OfferedRef,
  { objects, archive }: EntrySources,
): Promise<FlatpakEntry> {
  const { rootTree: tree, rootMeta: meta } = await loadCommitObject(objects, commit);
  let [installed, download] = [0, 0];
  for await (const { checksum } of filesBelow(objects, { tree, meta })) {
    const { header, size } = await objects.content(checksum);
    if (isSymlink(header)) continue;
    const path = loosePath(checksum, 'filez');
    installed += Math.ceil(size / BLOCK) * BLOCK;
    download += (archive === undefined ? undefined : lstatBeneath(archive, path)?.size) ?? size;
  }
  const file = await readTreeFile(objects, { commit, path: '/metadata', maxBytes: MAX_METADATA_FILE });
  return {
    installedSize: swap64(BigInt(installed)),
    downloadSize: swap64(BigInt(download)),
    metadata: file?.toString() ?? '',
    sparse: new Map(),
    subsets: [],
  };
}
