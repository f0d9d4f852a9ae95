/** Writes flatpak's index of summaries into a repository, as `flatpak build-update-repo` lays it out. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { write } from '../../src/gvariant/index.ts';
import { checksumOf, checksumToBytes } from '../../src/ostree/checksum.ts';
import { subSummaryPath } from '../../src/ostree/flatpak/index-file.ts';
import { type SummaryRef, serializeSummary } from '../../src/ostree/summary.ts';

/** `subsets`: name of the sub-summary to its refs. Returns the paths of the files, the index first. */
export function writeFlatpakIndex(
  repo: string,
  subsets: Readonly<Record<string, readonly SummaryRef[]>>,
): readonly string[] {
  mkdirSync(join(repo, 'summaries'), { recursive: true });
  const entries = Object.entries(subsets).map(([name, refs]) => {
    const bytes = serializeSummary({ refs, metadata: new Map() });
    const checksum = checksumOf(bytes);
    const path = subSummaryPath(checksum);
    writeFileSync(join(repo, path), gzipSync(bytes));
    return { path, entry: [name, [checksumToBytes(checksum), [], []]] };
  });
  const index = write('(a{s(ayaaya{sv})}a{sv})', [entries.map(({ entry }) => entry), []]);
  writeFileSync(join(repo, 'summary.idx'), index);
  return ['summary.idx', ...entries.map(({ path }) => path)];
}
