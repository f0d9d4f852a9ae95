/**
 * Finds and reads the database of pacman (alpm): `local/NAME-VERSION/` with `desc` and `files`, each of
 * `%FIELD%` lines followed by values and a blank line. It has no changelogs, but the time of each build.
 *
 * Source: pacman's lib/libalpm/be_local.c, database version 9.
 */
import type { CommitFiles, OpenDirectory } from '../commit-files.ts';
import type { FindDatabase, PackageDatabase } from '../database.ts';
import type { ListedPackage, Package } from '../package.ts';
import { badRecord, readRecords, wholeNumber } from '../text-records.ts';

const CONFIGS = ['/etc/pacman.conf', '/usr/etc/pacman.conf'];
const PLACES = [
  '/usr/lib/sysimage/lib/pacman',
  '/usr/lib/sysimage/pacman',
  '/usr/lib/pacman',
  '/usr/share/factory/var/lib/pacman',
  '/var/lib/pacman',
];

export const findPacmanDatabase: FindDatabase = async (files, warn) => {
  const configured: string[] = [];
  for (const config of CONFIGS) {
    const text = await readRecords(files, config, warn);
    const [, path = ''] = /^[ \t]*DBPath[ \t]*=(.*)$/m.exec(text ?? '') ?? [];
    if (path.trim().startsWith('/')) configured.push(path.trim());
  }
  for (const place of [...configured, ...PLACES]) {
    const directory = await files.directory(`${place}/local`);
    if (directory !== undefined && directory.directories.size > 0) return pacmanDatabase(files, directory);
  }
  return undefined;
};

function pacmanDatabase(files: CommitFiles, directory: OpenDirectory): PackageDatabase {
  return {
    format: 'pacman',
    path: directory.path,
    async *packages(warn): AsyncGenerator<ListedPackage> {
      for (const name of directory.directories.keys()) {
        const folder = `${directory.path}/${name}`;
        const desc = await readRecords(files, `${folder}/desc`, warn);
        const found = packageOf(parseFields(desc ?? ''));
        if (typeof found === 'string') warn(badRecord(`${folder}/desc`, 'the package', found));
        else
          yield {
            package: found,
            files: listedFiles((await readRecords(files, `${folder}/files`, warn)) ?? ''),
          };
      }
    },
    // `desc` has the time when the package was installed.
    recordsOf: ({ name, version }) =>
      ['files', 'mtree'].map((file) => `${directory.path}/${name}-${version}/${file}`),
    changelogs: async () => new Map(),
  };
}

type Fields = ReadonlyMap<string, readonly string[]>;

function parseFields(text: string): Fields {
  const fields = new Map<string, string[]>();
  const state: { values: string[] | undefined } = { values: undefined };
  for (const line of text.split('\n')) {
    const name = /^%([A-Z0-9]+)%$/.exec(line)?.[1];
    if (name !== undefined) {
      state.values = [];
      fields.set(name, state.values);
    } else if (line === '') state.values = undefined;
    else state.values?.push(line);
  }
  return fields;
}

/** A string says why there is none. */
function packageOf(fields: Fields): Package | string {
  const first = (name: string) => fields.get(name)?.[0];
  const name = first('NAME');
  const version = first('VERSION');
  if (name === undefined) return 'it has no %NAME%';
  if (version === undefined) return 'it has no %VERSION%';
  const architecture = first('ARCH') ?? 'any';
  return {
    id: `${name}-${version}-${architecture}`,
    key: name,
    name,
    version,
    architecture,
    source: first('BASE') ?? name,
    size: wholeNumber(first('SIZE')),
    built: wholeNumber(first('BUILDDATE')),
    changes: [],
  };
}

/** Paths are relative to the root; those of directories end in `/`. */
function listedFiles(text: string): readonly string[] {
  const paths = parseFields(text).get('FILES') ?? [];
  return paths.flatMap((path) => (path.endsWith('/') ? [] : `/${path}`));
}
