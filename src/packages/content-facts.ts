/**
 * What the headers of content objects tell: sizes, and the components that the makers of an image gave to
 * files with extended attributes, as in chunkah and rpm-ostree. `user.component` and `user.update-interval`
 * of a directory apply to everything below it that has none of its own.
 */
import type { Warn } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { loadDirmeta } from '../ostree/load.ts';
import { contentHead, type ObjectSource } from '../ostree/object-source.ts';
import { parseXattrs, serializeXattrs } from '../ostree/xattrs.ts';
import type { CommitFiles, OpenDirectory } from './commit-files.ts';

export type UserComponent = {
  readonly name: string;
  /** Days from one change to the next, if the maker of the image says. */
  readonly updateInterval: number | undefined;
};

export type ContentFacts = {
  /** Bytes of every content object; 0 for symlinks. */
  readonly sizes: ReadonlyMap<Checksum, number>;
  /** What packages have in common by chance: empty files, and links to /dev/null. */
  readonly blank: ReadonlySet<Checksum>;
  /** By path; paths without a component are absent. */
  readonly components: ReadonlyMap<string, UserComponent>;
};

type Given = { readonly name: string | undefined; readonly interval: string | undefined };

const NOTHING: Given = { name: undefined, interval: undefined };
const PREFIX = Buffer.from('user.');
const COMPONENT = 'user.component';
const INTERVAL = 'user.update-interval';
/** A unit of systemd that leads there is masked. */
const NOWHERE = '/dev/null';
const DAYS: ReadonlyMap<string, number> = new Map([
  ['daily', 1],
  ['weekly', 7],
  ['biweekly', 14],
  ['monthly', 30],
  ['quarterly', 91],
  ['yearly', 365],
]);

/** Reads the header of each content object once. */
export async function readContentFacts(
  source: ObjectSource,
  files: CommitFiles,
  warn: Warn,
): Promise<ContentFacts> {
  const sizes = new Map<Checksum, number>();
  const blank = new Set<Checksum>();
  const own = new Map<Checksum, Given>();
  const below = new Map<string, Given>();
  const metas = new Map<Checksum, Given>();
  const components = new Map<string, UserComponent>();
  const interned = internComponents(warn);
  for await (const directory of files.directories()) {
    const inherited = below.get(parentOf(directory.path)) ?? NOTHING;
    const given = override(inherited, await directoryGiven(source, directory, metas));
    below.set(directory.path, given);
    for (const { path, checksum } of directory.files.values()) {
      if (!sizes.has(checksum)) {
        const { header, size } = await contentHead(source, checksum);
        sizes.set(checksum, size);
        if (size === 0 && ['', NOWHERE].includes(header.target)) blank.add(checksum);
        const found = givenBy(header.xattrs);
        if (found !== NOTHING) own.set(checksum, found);
      }
      const effective = override(given, own.get(checksum) ?? NOTHING);
      if (effective.name !== undefined)
        components.set(path, interned(effective.name, effective.interval, path));
    }
  }
  return { sizes, blank, components };
}

async function directoryGiven(
  source: ObjectSource,
  { meta }: OpenDirectory,
  known: Map<Checksum, Given>,
): Promise<Given> {
  const found = known.get(meta) ?? givenBy(serializeXattrs((await loadDirmeta(source, meta)).xattrs));
  known.set(meta, found);
  return found;
}

function givenBy(xattrs: Uint8Array): Given {
  if (xattrs.length === 0 || !Buffer.from(xattrs.buffer, xattrs.byteOffset, xattrs.length).includes(PREFIX))
    return NOTHING;
  const values = new Map(parseXattrs(xattrs).map(({ name, value }) => [name.toString(), textOf(value)]));
  const name = values.get(COMPONENT);
  return { name: name === '' ? undefined : name, interval: values.get(INTERVAL) };
}

/** Some tools write the NUL at the end. */
function textOf(value: Buffer): string {
  return value.toString('utf8').replace(/\0$/, '');
}

function override(inherited: Given, own: Given): Given {
  if (own === NOTHING) return inherited;
  return { name: own.name ?? inherited.name, interval: own.interval ?? inherited.interval };
}

/** Gives equal components the same object. The first interval of a component counts. */
function internComponents(warn: Warn) {
  const known = new Map<string, UserComponent>();
  return (name: string, interval: string | undefined, path: string): UserComponent => {
    const found = known.get(name);
    if (found !== undefined) return found;
    const made = { name, updateInterval: daysOf(interval, path, warn) };
    known.set(name, made);
    return made;
  };
}

function daysOf(interval: string | undefined, path: string, warn: Warn): number | undefined {
  if (interval === undefined) return undefined;
  const days = DAYS.get(interval) ?? (/^[1-9]\d{0,4}$/.test(interval) ? Number(interval) : undefined);
  if (days === undefined)
    warn(
      `${path} in the commit has the ${INTERVAL} ${JSON.stringify(interval)}, which is ignored; give days, or one of ${[...DAYS.keys()].join(', ')}`,
    );
  return days;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
