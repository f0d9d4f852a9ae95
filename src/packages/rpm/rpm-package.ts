/**
 * Packages out of rpm headers. Tags and file states: rpm's include/rpm/rpmtag.h and rpmfi.h.
 */
import type { ChangelogEntry, ListedPackage, Package } from '../package.ts';
import { headerFault, type RpmHeader } from './header.ts';

const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  buildTime: 1006,
  size: 1009,
  longSize: 5009,
  architecture: 1022,
  oldFileNames: 1027,
  fileStates: 1029,
  sourceRpm: 1044,
  changelogTimes: 1080,
  changelogNames: 1081,
  changelogTexts: 1082,
  directoryIndexes: 1116,
  baseNames: 1117,
  directoryNames: 1118,
} as const;

/** Files that are installed: normal, and on shared file systems. Others were replaced or left out. */
const INSTALLED_STATES: readonly number[] = [0, 3];

/** Undefined for rows that are no packages, such as `gpg-pubkey`, which have no architecture. */
export function packageOfHeader(header: RpmHeader): Package | undefined {
  const architecture = header.string(TAG.architecture);
  if (architecture === undefined) return undefined;
  const name = required(header, TAG.name, 'name');
  const release = `${required(header, TAG.version, 'version')}-${required(header, TAG.release, 'release')}`;
  const epoch = header.number(TAG.epoch) ?? 0;
  const version = epoch === 0 ? release : `${epoch}:${release}`;
  const times = header.numbers(TAG.changelogTimes);
  const sourceFile = header.string(TAG.sourceRpm);
  return {
    id: `${name}-${version}.${architecture}`,
    key: `${name}.${architecture}`,
    name,
    version,
    architecture,
    source: sourceName(sourceFile) ?? name,
    ...(sourceFile === undefined ? {} : { sourceFile }),
    size: header.number(TAG.longSize) ?? header.number(TAG.size),
    built: header.number(TAG.buildTime),
    changes: times.toSorted((a, b) => b - a),
  };
}

/** The installed files of the package, ghosts included. */
export function filesOfHeader(header: RpmHeader): ListedPackage['files'] {
  const states = header.numbers(TAG.fileStates);
  return pathsOf(header).filter((_, index) => {
    const state = states[index];
    return states.length === 0 || (state !== undefined && INSTALLED_STATES.includes(state));
  });
}

/** Newest first, as rpm keeps them. */
export function changelogOfHeader(header: RpmHeader): readonly ChangelogEntry[] {
  const authors = header.strings(TAG.changelogNames);
  const texts = header.strings(TAG.changelogTexts);
  return header.numbers(TAG.changelogTimes).map((time, index) => ({
    time,
    author: authors[index] ?? '',
    version: undefined,
    text: texts[index] ?? '',
  }));
}

function pathsOf(header: RpmHeader): readonly string[] {
  const directories = header.strings(TAG.directoryNames);
  const names = header.strings(TAG.baseNames);
  if (names.length === 0) return header.strings(TAG.oldFileNames);
  const indexes = header.numbers(TAG.directoryIndexes);
  return names.map((name, index) => {
    const directory = directories[indexes[index] ?? -1];
    if (directory === undefined) throw headerFault(`its file ${JSON.stringify(name)} has no directory`);
    return directory + name;
  });
}

/** `bash-5.2-1.src.rpm` is of `bash`. */
function sourceName(file: string | undefined): string | undefined {
  return /^(.+)-[^-]+-[^-]+\.(?:no)?src\.rpm$/.exec(file ?? '')?.[1];
}

function required(header: RpmHeader, tag: number, what: string): string {
  const text = header.string(tag);
  if (text === undefined || text === '') throw headerFault(`it has no ${what}`);
  return text;
}
