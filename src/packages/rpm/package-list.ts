/**
 * The list of packages that rpm-ostree writes to the metadata of a commit: `rpmostree.rpmdb.pkglist`, of type
 * `a(sssss)` with name, epoch, version, release and architecture. It tells no files, so it serves commits
 * whose rpm database cannot be read.
 */
import type { Commit } from '../../ostree/commit.ts';
import { dictView } from '../../ostree/metadata-dict.ts';
import type { PackageDatabase } from '../database.ts';
import type { ListedPackage } from '../package.ts';

const KEY = 'rpmostree.rpmdb.pkglist';

/** Undefined if the commit has no list. */
export function packageListDatabase({ metadata }: Pick<Commit, 'metadata'>): PackageDatabase | undefined {
  const list = dictView(metadata, KEY, 'a(sssss)');
  if (list === undefined) return undefined;
  return {
    format: 'rpm',
    path: KEY,
    async *packages(): AsyncGenerator<ListedPackage> {
      for (const entry of list) yield { package: packageOf(entry.value() as readonly string[]), files: [] };
    },
    changelogs: async () => new Map(),
  };
}

function packageOf([
  name = '',
  epoch = '',
  version = '',
  release = '',
  architecture = '',
]: readonly string[]) {
  const full = `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}-${release}`;
  return {
    id: `${name}-${full}.${architecture}`,
    key: `${name}.${architecture}`,
    name,
    version: full,
    architecture,
    source: name,
    size: undefined,
    built: undefined,
    changes: [],
  };
}
