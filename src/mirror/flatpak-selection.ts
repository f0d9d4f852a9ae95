/**
 * Selects the refs of a flatpak mirror by the ids of apps and runtimes, with the refs that they need: an
 * app's runtime, extensions that clients install by themselves (locales among them), and the appstream
 * branches of the architectures. Extensions are found as flatpak finds them (flatpak 1.14,
 * `flatpak_list_extensions` and `flatpak_dir_find_remote_related_for_metadata`), from the groups `Extension
 * NAME` of the metadata:
 *
 * * `version` or `versions`: their branches; else that of the app or runtime;
 * * `subdirectories=true`: every extension whose id begins with `NAME.`;
 * * `no-autodownload=true` or `download-if`: optional. They are left out, except `NAME.default`, which
 *   clients without a driver of their own need.
 */
import { posix } from 'node:path';
import { TreeportError, type Warn } from '../base/errors.ts';
import { didYouMean } from '../base/similar.ts';
import {
  appstreamSubset,
  architectureOf,
  type FlatpakRef,
  parseFlatpakRef,
} from '../ostree/flatpak/ref-parts.ts';
import {
  isKeyfileFault,
  type Keyfile,
  keyfileBoolean,
  keyfileList,
  keyfileString,
  parseKeyfile,
} from '../ostree/keyfile.ts';
import type { OfferedRef } from '../ostree/offered-refs.ts';

type App = FlatpakRef & { readonly ref: OfferedRef; readonly metadata: Keyfile };

export type FlatpakSelection = {
  /** The names of the refs, apps first. */
  readonly refs: readonly string[];
  /** Optional extensions that were left out. */
  readonly optional: readonly string[];
};

const PARTS = /^(?:(app|runtime)\/)?([^/]+)(?:\/([^/]*)(?:\/([^/]*))?)?$/;
const EXTENSION = 'Extension ';

/**
 * `words`: `ID[/[ARCHITECTURE][/BRANCH]]`, as flatpak's commands take them; an id may have wildcards.
 * ERR_REF_MISSING if one matches nothing, ERR_USAGE.
 */
export function selectFlatpaks(
  offered: readonly OfferedRef[],
  words: readonly string[],
  warn: Warn,
): FlatpakSelection {
  const all = offered.flatMap((ref) => {
    const parts = parseFlatpakRef(ref.name);
    return parts === undefined ? [] : [{ ...parts, ref, metadata: metadataOf(ref) }];
  });
  const chosen = new Map<string, App>();
  const optional = new Set<string>();
  const queue = words.flatMap((word) => matching(all, word));
  for (const app of queue) {
    if (chosen.has(app.ref.name)) continue;
    chosen.set(app.ref.name, app);
    const needed = [...runtimeOf(all, app, warn), ...extensionsOf(all, app, optional)];
    queue.push(...needed);
  }
  const apps = [...chosen.values()].toSorted((one, other) => rank(one) - rank(other));
  const refs = [...apps.map(({ ref }) => ref.name), ...appstreamOf(offered, apps)];
  return { refs, optional: [...optional].filter((name) => !chosen.has(name)).toSorted() };
}

function rank({ kind }: App): number {
  return kind === 'app' ? 0 : 1;
}

function metadataOf({ flatpak }: OfferedRef): Keyfile {
  const parsed = parseKeyfile(flatpak?.metadata ?? '');
  return isKeyfileFault(parsed) ? new Map() : parsed;
}

function matching(all: readonly App[], word: string): readonly App[] {
  const [, kind, id, architecture = '', branch = ''] = PARTS.exec(word) ?? [];
  if (id === undefined) throw new TreeportError('ERR_USAGE', `"${word}" is not ID[/ARCHITECTURE[/BRANCH]]`);
  const found = all.filter(
    (app) =>
      (kind === undefined || app.kind === kind) &&
      (app.id === id || posix.matchesGlob(app.id, id)) &&
      (architecture === '' || app.architecture === architecture) &&
      (branch === '' || app.branch === branch),
  );
  if (found.length > 0) return found;
  const meant = didYouMean(
    id,
    all.map((app) => app.id),
  );
  throw new TreeportError('ERR_REF_MISSING', `the repository has no app or runtime "${word}"${meant}`);
}

function runtimeOf(all: readonly App[], { kind, ref, metadata }: App, warn: Warn): readonly App[] {
  const runtime = kind === 'app' ? keyfileString(metadata, 'Application', 'runtime') : undefined;
  if (runtime === undefined) return [];
  const found = all.filter((app) => app.ref.name === `runtime/${runtime}`);
  if (found.length === 0)
    warn(
      `${ref.name} needs runtime/${runtime}, which is not in this repository; clients need another remote for it`,
    );
  return found;
}

function extensionsOf(all: readonly App[], app: App, optional: Set<string>): readonly App[] {
  return [...app.metadata.keys()]
    .filter((group) => group.startsWith(EXTENSION))
    .flatMap((group) => {
      const get = (key: string) => keyfileString(app.metadata, group, key);
      // `NAME@TAG` tells groups of the same extension apart.
      const name = group.slice(EXTENSION.length).split('@')[0] as string;
      const version = get('version');
      const branches = keyfileList(app.metadata, group, 'versions') ?? [version ?? app.branch];
      const hasMany = keyfileBoolean(app.metadata, group, 'subdirectories') === true;
      const isOptional =
        keyfileBoolean(app.metadata, group, 'no-autodownload') === true || get('download-if') !== undefined;
      const found = all.filter(
        (other) =>
          other.architecture === app.architecture &&
          branches.includes(other.branch) &&
          (other.id === name || (hasMany && other.id.startsWith(`${name}.`))),
      );
      const needed = found.filter(({ id }) => !isOptional || id === `${name}.default`);
      for (const other of found) if (!needed.includes(other)) optional.add(other.ref.name);
      return needed;
    });
}

/** Those of the architectures, and of the subsets that the apps are in. */
function appstreamOf(offered: readonly OfferedRef[], apps: readonly App[]): readonly string[] {
  const architectures = new Set(apps.map(({ architecture }) => architecture));
  const subsets = new Set(apps.flatMap(({ ref }) => ref.flatpak?.subsets ?? []));
  return offered
    .map(({ name }) => name)
    .filter((name) => {
      const subset = appstreamSubset(name);
      return (
        /^appstream2?\//.test(name) &&
        architectures.has(architectureOf(name) ?? '') &&
        (subset === undefined || subsets.has(subset))
      );
    });
}
