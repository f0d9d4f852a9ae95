/**
 * Opens a repository of any mode for reading. Objects that it lacks are looked up in its `core.parent`
 * repositories.
 */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import { type Keyfile, keyfileString } from '../keyfile.ts';
import type { ObjectSource } from '../object-source.ts';
import type { ReadyObjects } from '../ready-objects.ts';
import { archiveContent } from './archive.ts';
import { bareContent, bareUserOnlyContent, splitContent } from './bare.ts';
import { bareUserContent } from './bare-user.ts';
import { noRepository, readRepositoryConfig } from './config.ts';
import { LooseObjects } from './loose.ts';
import { type ContentStore, looseSource } from './loose-metadata.ts';
import { overlay } from './overlay.ts';
import { hasV0Xattrs, splitXattrs } from './split-xattrs.ts';
import { noXattrReader, type XattrReader } from './xattr-reader.ts';

export type RepositoryMode = 'archive' | 'bare' | 'bare-user' | 'bare-user-only' | 'bare-split-xattrs';

export type Repository = {
  /** Absolute. */
  readonly path: string;
  readonly mode: RepositoryMode;
  readonly config: Keyfile;
  /** The objects of this repository and of its parents. */
  readonly objects: ObjectSource;
  readonly parent: Repository | undefined;
  /** Paths of repositories that have metadata objects of `objects` as loose files, in its order. */
  readonly metadataFrom: readonly string[];
  /** Archive files beside the loose ones; only in the published repo of a mirror image. */
  readonly ready: ReadyObjects | undefined;
};

export type OpenOptions = {
  /**
   * Required for modes bare and bare-user; without it reading their objects is ERR_XATTRS_UNSUPPORTED. A
   * function is called for those modes only, because a reader may be slow to load.
   */
  readonly xattrs?: XattrReader | (() => Promise<XattrReader>);
};

const MODES: ReadonlyMap<string, RepositoryMode> = new Map([
  ['archive', 'archive'],
  ['archive-z2', 'archive'],
  ['bare', 'bare'],
  ['bare-user', 'bare-user'],
  ['bare-user-only', 'bare-user-only'],
  ['bare-split-xattrs', 'bare-split-xattrs'],
]);
/** The only version. A config without it is accepted here, unlike in libostree. */
const REPO_VERSION = '1';
const MAX_PARENTS = 16;

/**
 * Opens the repository at `path`; throws ERR_REPO_MISSING, ERR_REPO_CONFIG, ERR_REPO_MODE or ERR_FILE_UNSAFE.
 */
export async function openRepository(path: string, options: OpenOptions = {}): Promise<Repository> {
  return openWithParents(resolve(path), options, 0);
}

async function openWithParents(path: string, options: OpenOptions, depth: number): Promise<Repository> {
  if (depth > MAX_PARENTS)
    throw new TreeportError('ERR_REPO_CONFIG', `repository ${path}: core.parent goes in a circle`);
  const config = await readConfig(path);
  checkVersion(config, path);
  const mode = modeOf(config, path);
  const loose = new LooseObjects(path);
  const own = looseSource(loose, await contentStore(mode, loose, options.xattrs ?? noXattrReader));
  const parentPath = keyfileString(config, 'core', 'parent');
  if (parentPath === undefined || parentPath === '')
    return { path, mode, config, objects: own, parent: undefined, metadataFrom: [path], ready: undefined };
  const parent = await openWithParents(resolve(path, parentPath), options, depth + 1);
  const objects = overlay(own, parent.objects);
  const metadataFrom = [path, ...parent.metadataFrom];
  return { path, mode, config, objects, parent, metadataFrom, ready: undefined };
}

async function readConfig(path: string): Promise<Keyfile> {
  await checkIsRepository(path);
  const config = readRepositoryConfig(path);
  if (config !== undefined) return config;
  if (hasV0Xattrs(path)) return V0_CONFIG;
  throw noRepository(path, 'it has no file "config"');
}

/** The first releases of ostree-ext wrote repositories without a config. */
const V0_CONFIG: Keyfile = new Map([['core', new Map([['mode', 'bare-split-xattrs']])]]);

async function checkIsRepository(path: string): Promise<void> {
  const objects = lookAt(path, 'objects');
  if (objects?.isDirectory()) return;
  if (objects?.isSymbolicLink())
    throw new TreeportError(
      'ERR_FILE_UNSAFE',
      `repository ${path}: its directory "objects" is a symbolic link, which is not followed; mount the directory there instead`,
    );
  const isDirectory = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  throw noRepository(path, isDirectory ? 'it has no directory "objects"' : 'no such directory');
}

function lookAt(path: string, name: string): Stats | undefined {
  try {
    return lstatBeneath(path, name);
  } catch (error) {
    throw isTreeportError(error) ? error : noRepository(path, messageOf(error), error);
  }
}

function checkVersion(config: Keyfile, path: string): void {
  const version = keyfileString(config, 'core', 'repo_version');
  if (version === undefined || version === REPO_VERSION) return;
  throw new TreeportError(
    'ERR_REPO_CONFIG',
    `repository ${path} has the repo_version "${version}"; treeport and ostree know version ${REPO_VERSION} only`,
  );
}

function modeOf(config: Keyfile, path: string): RepositoryMode {
  const text = keyfileString(config, 'core', 'mode') ?? 'bare';
  const mode = MODES.get(text);
  if (mode !== undefined) return mode;
  const known = [...MODES.keys()].join(', ');
  throw new TreeportError(
    'ERR_REPO_MODE',
    `repository ${path} has the mode "${text}", which treeport does not know (it knows ${known})`,
  );
}

async function contentStore(
  mode: RepositoryMode,
  loose: LooseObjects,
  xattrs: XattrReader | (() => Promise<XattrReader>),
): Promise<ContentStore> {
  const reader = async () => (typeof xattrs === 'function' ? xattrs() : xattrs);
  switch (mode) {
    case 'archive':
      return archiveContent(loose);
    case 'bare':
      return bareContent(loose, await reader());
    case 'bare-user':
      return bareUserContent(loose, await reader());
    case 'bare-user-only':
      return bareUserOnlyContent(loose);
    case 'bare-split-xattrs':
      return splitContent(loose, splitXattrs(loose));
  }
}
