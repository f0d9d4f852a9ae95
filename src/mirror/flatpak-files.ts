/**
 * Copies flatpak's additions to a repository. Its index and sub-summaries are copied with their signatures if
 * every ref that they list is published with the same commit; subsets have branches that the summary itself
 * does not list. Otherwise an index is made (ostree/flatpak/made-index.ts).
 */
import { isTreeportError, messageOf, TreeportError, type Warn } from '../base/errors.ts';
import { listBeneath } from '../base/list-beneath.ts';
import {
  FLATPAK_INDEX,
  FLATPAK_SUB_SUMMARIES,
  parseFlatpakIndex,
  parseSubSummary,
  subSummaryPath,
} from '../ostree/flatpak/index-file.ts';
import type { Refs } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import type { SummaryRef } from '../ostree/summary.ts';
import { copyFileIfThere, readIfThere } from './copy-file.ts';

/** Files for `flatpak remote-add --from` and `flatpak install --from`. */
const FOR_PEOPLE = /^[^.].*\.flatpak(?:repo|ref)$/;
/** Any of these files may be a link to another file of the repository. */
const LINKED = { links: 'inside' } as const;

/**
 * Copies the index and its sub-summaries; returns the listed refs, or undefined if there is no index or it
 * does not match.
 */
export async function carryFlatpakIndex(
  origin: Repository,
  publishedPath: string,
  heads: Refs,
  warn: Warn,
): Promise<ReadonlySet<string> | undefined> {
  const bytes = readIfThere(origin.path, FLATPAK_INDEX);
  if (bytes === undefined) return undefined;
  const named = indexedRefs(origin, bytes);
  const refs = typeof named === 'string' ? [] : named;
  const missing = refs.find(({ name, commit }) => heads.get(name) !== commit);
  if (typeof named === 'string' || missing !== undefined) {
    const why =
      missing === undefined
        ? named
        : `it lists ${missing.name} as commit ${missing.commit}, which is not published`;
    warn(`the ${FLATPAK_INDEX} of ${origin.path} is not carried over, because ${why}`);
    return undefined;
  }
  const others = filesOf(origin, FLATPAK_SUB_SUMMARIES).map((name) => `${FLATPAK_SUB_SUMMARIES}/${name}`);
  for (const file of [FLATPAK_INDEX, `${FLATPAK_INDEX}.sig`, ...others]) {
    await copyFileIfThere(origin.path, publishedPath, file, LINKED);
  }
  return new Set(refs.map(({ name }) => name));
}

/** Copies the `.flatpakrepo` and `.flatpakref` files of a repository. */
export async function carryFlatpakFiles(origin: Repository, publishedPath: string): Promise<void> {
  for (const name of filesOf(origin, '').filter((file) => FOR_PEOPLE.test(file))) {
    await copyFileIfThere(origin.path, publishedPath, name, LINKED);
  }
}

/** The refs of all sub-summaries, or the reason why they cannot be read. */
function indexedRefs(origin: Repository, index: Buffer): readonly SummaryRef[] | string {
  try {
    return parseFlatpakIndex(index).flatMap((sub) => {
      const path = subSummaryPath(sub.checksum);
      const gzipped = readIfThere(origin.path, path);
      if (gzipped === undefined) throw new TreeportError('ERR_SUMMARY', `${path} is missing`);
      return parseSubSummary(gzipped, sub);
    });
  } catch (error) {
    if (isTreeportError(error)) return `it cannot be read (${messageOf(error)})`;
    throw error;
  }
}

function filesOf(origin: Repository, directory: string): readonly string[] {
  const entries = listBeneath(origin.path, directory) ?? [];
  return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
}
