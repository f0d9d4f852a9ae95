/**
 * The changelogs that Debian packages install in /usr/share/doc. Packages of one source often share a file,
 * so times are kept by object. A changelog that does not decompress counts as none.
 */
import { gunzipSync } from 'node:zlib';
import type { Checksum } from '../../ostree/checksum.ts';
import type { CommitFiles, FoundFile } from '../commit-files.ts';
import type { ChangelogEntry, Package } from '../package.ts';
import { changelogEntries, changeTimes } from './changelog.ts';

/** Those of the kernel have 2 MB. */
const MAX_CHANGELOG_BYTES = 16 * 1024 * 1024;

/** Reads the times of changelog entries, newest first. */
export function readChangeTimes(files: CommitFiles): (one: Package) => Promise<readonly number[]> {
  const known = new Map<Checksum, readonly number[]>();
  return async (one) => {
    const times: number[] = [];
    for (const file of await changelogFiles(files, one)) {
      const found =
        known.get(file.checksum) ?? changeTimes((await readChangelog(files, file)).toString('latin1'));
      known.set(file.checksum, found);
      times.push(...found);
    }
    return times.toSorted((a, b) => b - a);
  };
}

export async function debianChangelogs(
  files: CommitFiles,
  wanted: readonly Package[],
): Promise<ReadonlyMap<Package, readonly ChangelogEntry[]>> {
  const found = new Map<Package, readonly ChangelogEntry[]>();
  for (const one of wanted) {
    const entries: ChangelogEntry[] = [];
    for (const file of await changelogFiles(files, one))
      entries.push(...changelogEntries((await readChangelog(files, file)).toString('utf8')));
    if (entries.length > 0) found.set(one, entries);
  }
  return found;
}

/**
 * A rebuild (binNMU) has an entry of its own in a file of the architecture. `changelog` alone is Debian's if
 * the package is native, and else that of its authors, which has no entries of Debian's form.
 */
async function changelogFiles(
  files: CommitFiles,
  { name, architecture }: Package,
): Promise<readonly FoundFile[]> {
  const directory = await files.directory(`/usr/share/doc/${name}`);
  if (directory === undefined) return [];
  const pick = async (base: string) => {
    const found = directory.files.get(`${base}.gz`) ?? directory.files.get(base);
    return found === undefined ? undefined : files.regular(found.path);
  };
  const rebuild = await pick(`changelog.Debian.${architecture}`);
  const own = (await pick('changelog.Debian')) ?? (await pick('changelog'));
  return [rebuild, own].filter((file) => file !== undefined);
}

async function readChangelog(files: CommitFiles, file: FoundFile): Promise<Buffer> {
  if ((await files.size(file)) > MAX_CHANGELOG_BYTES) return Buffer.alloc(0);
  const bytes = (await files.read(file.path, MAX_CHANGELOG_BYTES)) ?? Buffer.alloc(0);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_CHANGELOG_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}
