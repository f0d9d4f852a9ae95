/**
 * Finds and reads the databases of dpkg and opkg: `status` with a paragraph for each package, and a list of
 * files for each in `info/` (dpkg's admindir, format 1). Images without dpkg ("distroless") have a file in
 * `status.d/` for each package instead, and the file lists are those of their MD5 sums.
 *
 * In a commit /var is empty, so builders move the directory to one of several places.
 */
import type { Warn } from '../../base/errors.ts';
import type { CommitFiles, OpenDirectory } from '../commit-files.ts';
import type { FindDatabase, PackageDatabase } from '../database.ts';
import type { ListedPackage, PackageFormat } from '../package.ts';
import { badRecord, readRecords } from '../text-records.ts';
import { type Diversions, parseDiversions } from './diversions.ts';
import { debianChangelogs, readChangeTimes } from './doc-changelogs.ts';
import { packageOfParagraph, type StatusPackage } from './dpkg-package.ts';
import { paragraphs } from './paragraphs.ts';

const PLACES: Readonly<Record<'dpkg' | 'opkg', readonly string[]>> = {
  dpkg: [
    '/usr/lib/sysimage/dpkg',
    '/usr/share/dpkg/database',
    '/usr/lib/dpkg-db',
    '/usr/share/factory/var/lib/dpkg',
    '/usr/rootdirs/var/lib/dpkg',
    '/usr/var/lib/dpkg',
    '/var/lib/dpkg',
  ],
  opkg: ['/usr/lib/opkg', '/usr/share/factory/var/lib/opkg', '/var/lib/opkg'],
};

/** Files in `info/` that are no two packages' alike; scripts may be. */
const RECORDS = ['list', 'md5sums', 'symbols', 'templates'];

export const findDpkgDatabase: FindDatabase = (files) => findAdminDirectory(files, 'dpkg');
export const findOpkgDatabase: FindDatabase = (files) => findAdminDirectory(files, 'opkg');

async function findAdminDirectory(
  files: CommitFiles,
  format: 'dpkg' | 'opkg',
): Promise<PackageDatabase | undefined> {
  for (const place of PLACES[format]) {
    const directory = await files.directory(place);
    if (directory === undefined) continue;
    const status = await files.regular(`${directory.path}/status`);
    const hasStatus = status !== undefined && (await files.size(status)) > 0;
    if (hasStatus || directory.directories.has('status.d')) return adminDirectory(files, format, directory);
  }
  return undefined;
}

function adminDirectory(files: CommitFiles, format: PackageFormat, { path }: OpenDirectory): PackageDatabase {
  return {
    format,
    path,
    async *packages(warn): AsyncGenerator<ListedPackage> {
      const diversions = parseDiversions((await readRecords(files, `${path}/diversions`, warn)) ?? '');
      const changes = readChangeTimes(files);
      for await (const found of statusPackages(files, path, warn)) {
        const listed = await filesOf(files, path, found, diversions, warn);
        yield { package: { ...found.package, changes: await changes(found.package) }, files: listed };
      }
    },
    recordsOf: ({ name, architecture }) =>
      [name, `${name}:${architecture}`].flatMap((id) =>
        RECORDS.map((record) => `${path}/info/${id}.${record}`),
      ),
    changelogs: (wanted) => debianChangelogs(files, wanted),
  };
}

async function* statusPackages(files: CommitFiles, path: string, warn: Warn): AsyncGenerator<StatusPackage> {
  for await (const file of statusFiles(files, path)) {
    const text = await readRecords(files, file, warn);
    for (const paragraph of paragraphs(text ?? '')) {
      const found = packageOfParagraph(paragraph);
      if (typeof found === 'object') yield found;
      else if (found !== undefined) {
        const name = paragraph.fields.get('package');
        const record = `the package ${name === undefined ? '' : `${name} `}at line ${paragraph.line}`;
        warn(badRecord(file, record, found));
      }
    }
  }
}

async function* statusFiles(files: CommitFiles, path: string): AsyncGenerator<string> {
  yield `${path}/status`;
  const parts = await files.directory(`${path}/status.d`);
  for (const { path: part } of parts?.files.values() ?? []) if (!part.endsWith('.md5sums')) yield part;
}

async function filesOf(
  files: CommitFiles,
  path: string,
  { package: { name, architecture }, conffiles }: StatusPackage,
  diversions: Diversions,
  warn: Warn,
): Promise<readonly string[]> {
  // Only packages of Multi-Arch: same have the architecture in the name.
  const lists = [`${path}/info/${name}:${architecture}.list`, `${path}/info/${name}.list`];
  for (const list of lists) {
    const text = await readRecords(files, list, warn);
    if (text !== undefined)
      return [...new Set([...listedPaths(text), ...conffiles])].map(diversions.of(name));
  }
  const sums = await readRecords(files, `${path}/status.d/${name}.md5sums`, warn);
  return [...summedPaths(sums ?? ''), ...conffiles];
}

/** One path a line; opkg adds a mode and a symlink's target behind tabs. */
function listedPaths(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => (line.startsWith('/') ? (line.split('\t')[0] ?? []) : []));
}

/** Lines of an MD5 sum and a path relative to the root. */
function summedPaths(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const path = /^[0-9a-f]{32} [ *](.+)$/.exec(line)?.[1];
    return path === undefined ? [] : `/${path}`;
  });
}
