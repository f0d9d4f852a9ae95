/**
 * Paths in a mirror image, and the command of its server.
 *
 * The mirror's home is a directory below the embedded repo, because all clients that import an image as an OS
 * drop regular files there if their mtime is not 0: they take them for objects that a container build
 * rewrote. Elsewhere below `sysroot` such clients keep files on systems with composefs or a transient root.
 * They keep directory entries everywhere, so the mirror's layers have none (layer.ts). See
 * docs/decisions/0080-home-in-the-embedded-repo.md.
 */
import { basename, resolve } from 'node:path';
import { REPO_PATH } from '../tar/layout.ts';

export const MIRROR_HOME: string = `${REPO_PATH}/extensions/treeport`;
/** The home in images made before November 2026. */
export const FORMER_HOME = 'sysroot/treeport';

/** The published repo below a home. */
export const PUBLISHED_REPO = 'repo';
/** Start of the history entry of its layers. */
export const PUBLISHED_REPO_HISTORY = 'treeport published repo of ';
/** The same of layers of packs. */
export const PACKS_HISTORY = 'treeport ready objects of ';
/** The same of layers of objects that are not embedded. */
export const OBJECTS_HISTORY = 'treeport objects of ';
/** The same of layers of static deltas. */
export const DELTAS_HISTORY = 'treeport static deltas of ';

/** The embedded repo of the image that contains this published repo, extracted or mounted anywhere. */
export function embeddedRepoOf(publishedRepo: string): string {
  const above = resolve(publishedRepo, '../..');
  return basename(above) === 'extensions' ? resolve(above, '..') : resolve(above, 'ostree/repo');
}

/** Names in the published repo. */
export const CATALOGUE_FILE = 'catalogue';
export const DELTAS = 'deltas';
export const PACKS = 'packs';
export const PACKS_INDEX = 'packs/index';
/** A file of this prefix and a name hides the file of that name in lower layers. */
export const WHITEOUT = '.wh.';
export const OBJECT_LIST = 'snapshot/objects';
export const SNAPSHOT_DESCRIPTION = 'snapshot/description';

/** The pack with this SHA-256 sum. */
export function packPath(sum: string): string {
  return `${PACKS}/${sum}.pack`;
}

/** Names in the runtime. */
export const RUNTIME_LOADER = 'lib/ld.so';
export const RUNTIME_LIBRARIES = 'lib';
export const RUNTIME_NODE = 'bin/node';
export const RUNTIME_APP = 'app/treeport.mjs';

export const MIRROR_PORT = 8080;
/** Arbitrary non-root uid with no passwd entry. */
export const MIRROR_USER = '65532:65532';

/** Saves a tenth of the memory during a pull at no cost (docs/decisions/0021-small-young-generation.md). */
const SMALL_HEAP = '--max-semi-space-size=2';

/**
 * The command that runs a verb of the runtime, with the runtime's own loader, so that it does not need the
 * OS's libc.
 */
export function runtimeCommand(verb: 'serve' | 'check' | 'seal'): readonly string[] {
  const at = (path: string): string => `/${MIRROR_HOME}/${path}`;
  const loader = [at(RUNTIME_LOADER), '--library-path', at(RUNTIME_LIBRARIES)];
  return [...loader, at(RUNTIME_NODE), ...(verb === 'serve' ? [SMALL_HEAP] : []), at(RUNTIME_APP), verb];
}
