/**
 * Finds and reads the rpm database of a commit: rpmdb.sqlite, without librpm and without a checkout of the
 * commit. SQLite needs a file, so the database is copied to a temporary directory while it is read.
 *
 * rpm-ostree has it in /usr/share/rpm, Fedora in /usr/lib/sysimage/rpm, older systems in /var/lib/rpm. Often
 * some of them are links to another, or empty directories.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTreeportError, type Warn } from '../../base/errors.ts';
import { makeTemporaryDirectory } from '../../base/temporary-directory.ts';
import type { CommitFiles, FoundFile } from '../commit-files.ts';
import type { FindDatabase, PackageDatabase } from '../database.ts';
import type { ChangelogEntry, ListedPackage, Package } from '../package.ts';
import { RpmHeader } from './header.ts';
import { changelogOfHeader, filesOfHeader, packageOfHeader } from './rpm-package.ts';
import { headerRows } from './sqlite.ts';

const PLACES = ['/usr/lib/sysimage/rpm', '/usr/share/rpm', '/var/lib/rpm'];
const SQLITE = 'rpmdb.sqlite';
/** The formats before SQLite: ndb of SUSE, Berkeley DB of RHEL 8 and older. */
const FORMER = ['Packages.db', 'Packages'];

export const findRpmDatabase: FindDatabase = async (files, warn) => {
  for (const place of PLACES) {
    const file = await files.regular(`${place}/${SQLITE}`);
    if (file !== undefined && (await files.size(file)) > 0) return rpmDatabase(files, file);
  }
  for (const place of PLACES) {
    for (const name of FORMER) {
      const file = await files.regular(`${place}/${name}`);
      if (file !== undefined && (await files.size(file)) > 0)
        warn(
          `${file.path}: this format of rpm databases is not supported, only ${SQLITE}; convert it with rpmdb --rebuilddb`,
        );
    }
  }
  return undefined;
};

function rpmDatabase(files: CommitFiles, file: FoundFile): PackageDatabase {
  return {
    format: 'rpm',
    path: file.path,
    async *packages(warn): AsyncGenerator<ListedPackage> {
      for await (const header of headers(files, file, warn)) {
        const found = attempt(header, packageOfHeader, warn);
        if (found === undefined) continue;
        const listed = attempt(header, filesOfHeader, warn) ?? [];
        yield { package: found, files: listed };
      }
    },
    async changelogs(wanted, warn) {
      const found = new Map<Package, readonly ChangelogEntry[]>();
      const byId = new Map(wanted.map((one) => [one.id, one]));
      for await (const header of headers(files, file, warn)) {
        const known = byId.get(attempt(header, packageOfHeader, warn)?.id ?? '');
        if (known !== undefined) found.set(known, attempt(header, changelogOfHeader, warn) ?? []);
      }
      return found;
    },
  };
}

type NamedHeader = { readonly header: RpmHeader; readonly record: string };

/** The headers of all rows. Rows that cannot be read are reported and left out. */
async function* headers(files: CommitFiles, file: FoundFile, warn: Warn): AsyncGenerator<NamedHeader> {
  const directory = await makeTemporaryDirectory();
  try {
    const copy = join(directory.path, SQLITE);
    await writeFile(copy, files.stream(file));
    const journal = await files.find(`${file.path}-wal`);
    const hasJournal = journal !== undefined && (await files.size(journal)) > 0;
    if (hasJournal) await writeFile(`${copy}-wal`, files.stream(journal));
    for await (const row of headerRows(copy, hasJournal)) {
      const record = `${file.path}, ${row.number === undefined ? 'some records' : `record ${row.number}`}`;
      if ('fault' in row) warn(leftOut(record, row.fault));
      else
        yield* attempt(
          { header: row.blob, record },
          (blob) => [{ header: new RpmHeader(blob), record }],
          warn,
        ) ?? [];
    }
  } catch (error) {
    if (!isTreeportError(error, 'ERR_PACKAGE_DATABASE')) throw error;
    warn(`${file.path} in the commit is no rpm database that can be read: ${error.message}`);
  } finally {
    await directory.remove();
  }
}

/** What `read` makes of the header; undefined, with a warning, if the header is damaged. */
function attempt<From, To>(
  { header, record }: { readonly header: From; readonly record: string },
  read: (header: From) => To,
  warn: Warn,
): To | undefined {
  try {
    return read(header);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_PACKAGE_DATABASE')) throw error;
    warn(leftOut(record, error.message));
    return undefined;
  }
}

function leftOut(record: string, why: string): string {
  return `${record} in the commit cannot be read and is left out: ${why}`;
}
