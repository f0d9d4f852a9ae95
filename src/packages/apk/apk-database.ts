/**
 * Finds and reads the database of apk: one file `installed`, a paragraph for each package, of lines with a
 * letter, a colon and a value. `F:` is a directory, `R:` a file in the last directory. It has no changelogs,
 * but the time of each build.
 *
 * Source: apk-tools' src/database.c and doc/apk.5.scd. apk 3 can have a binary database instead, which is
 * named in a warning.
 */
import type { CommitFiles, FoundFile } from '../commit-files.ts';
import type { FindDatabase, PackageDatabase } from '../database.ts';
import type { ListedPackage } from '../package.ts';
import { badRecord, readRecords, wholeNumber } from '../text-records.ts';

const PLACES = ['/usr/lib/apk/db', '/lib/apk/db', '/usr/share/factory/lib/apk/db'];

export const findApkDatabase: FindDatabase = async (files, warn) => {
  for (const place of PLACES) {
    const file = await files.regular(`${place}/installed`);
    if (file !== undefined && (await files.size(file)) > 0) return apkDatabase(files, file);
  }
  for (const place of PLACES) {
    const binary = await files.regular(`${place}/installed.adb`);
    if (binary !== undefined)
      warn(
        `${binary.path}: the binary format of apk databases is not supported, only the text file "installed"`,
      );
  }
  return undefined;
};

function apkDatabase(files: CommitFiles, file: FoundFile): PackageDatabase {
  return {
    format: 'apk',
    path: file.path,
    async *packages(warn): AsyncGenerator<ListedPackage> {
      const text = (await readRecords(files, file.path, warn)) ?? '';
      for (const record of records(text)) {
        const found = packageOf(record);
        if (typeof found === 'object') yield found;
        else warn(badRecord(file.path, `the package at line ${record.line}`, found));
      }
    },
    changelogs: async () => new Map(),
  };
}

type InstalledRecord = { readonly line: number; readonly lines: readonly string[] };

function* records(text: string): Generator<InstalledRecord> {
  const state: { line: number; lines: string[] } = { line: 0, lines: [] };
  for (const line of `${text}\n`.split('\n')) {
    state.line += 1;
    if (line !== '') state.lines.push(line);
    else if (state.lines.length > 0) {
      yield { line: state.line - state.lines.length, lines: state.lines };
      state.lines = [];
    }
  }
}

/** A string says why there is none. */
function packageOf({ line, lines }: InstalledRecord): ListedPackage | string {
  const fields = new Map<string, string>();
  const files: string[] = [];
  const state = { directory: '' };
  for (const [index, text] of lines.entries()) {
    if (text[1] !== ':') return `line ${line + index} is no letter with a value`;
    const letter = text[0] ?? '';
    const value = text.slice(2);
    if (letter === 'F') state.directory = value === '' ? '' : `/${value}`;
    else if (letter === 'R') files.push(`${state.directory}/${value}`);
    else if (!fields.has(letter)) fields.set(letter, value);
  }
  const name = fields.get('P');
  const version = fields.get('V');
  if (!name) return 'it has no name (P:)';
  if (!version) return 'it has no version (V:)';
  const one = {
    id: `${name}-${version}`,
    key: name,
    name,
    version,
    architecture: fields.get('A') ?? 'noarch',
    source: fields.get('o') || name,
    size: wholeNumber(fields.get('I')),
    built: wholeNumber(fields.get('t')),
    changes: [],
  };
  return { package: one, files };
}
