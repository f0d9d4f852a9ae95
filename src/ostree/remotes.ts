/**
 * Remotes of a repository: groups `[remote "NAME"]` in its config, and for the repository of the running
 * system in the files of /etc/ostree/remotes.d too. Options that a repository does not set are inherited from
 * its parent's remote of the same name.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { readRegularFile } from '../base/open-beneath.ts';
import { isKeyfileFault, type Keyfile, keyfileList, keyfileString, parseKeyfile } from './keyfile.ts';
import { MAX_KEYFILE_BYTES } from './limits.ts';
import { openRepository, type Repository } from './repo/open.ts';

export type Remote = {
  readonly name: string;
  /** Absolute path of the repository. */
  readonly repo: string;
  /** Searched for its options, in this order. */
  readonly configs: readonly Keyfile[];
  /** Directories that may contain its key rings: the repository's own and its parents'. */
  readonly directories: readonly string[];
};

export type RemotesOptions = {
  /** Holds further remotes; /etc/ostree/remotes.d if the repository is the running system's, else none. */
  readonly remotesDirectory?: string;
};

const SYSTEM_REPO = '/ostree/repo';
const SYSTEM_REMOTES = '/etc/ostree/remotes.d';

/** Finds a remote; ERR_REMOTE_MISSING, ERR_REPO_CONFIG and what opening the repository throws. */
export async function openRemote(
  repoPath: string,
  name: string,
  options: RemotesOptions = {},
): Promise<Remote> {
  const repo = await openRepository(repoPath);
  const places = await remotePlaces(repo, options);
  const configs = places.map(({ config }) => config).filter((config) => config.has(groupOf(name)));
  if (name !== '' && configs.length > 0)
    return {
      name,
      repo: repo.path,
      configs,
      directories: places.flatMap(({ directory }) => directory ?? []),
    };
  const known = [...new Set(places.flatMap(({ config }) => remoteNames(config)))];
  throw new TreeportError(
    'ERR_REMOTE_MISSING',
    `repository ${repo.path} has no remote "${name}"${known.length > 0 ? ` (it has ${known.join(', ')})` : ''}; ` +
      `add it: ostree remote add --repo=${repo.path} ${name || 'NAME'} URL --gpg-import=KEYFILE`,
  );
}

export function remoteString({ name, configs }: Remote, key: string): string | undefined {
  const config = configs.find((candidate) => candidate.get(groupOf(name))?.has(key));
  return config === undefined ? undefined : keyfileString(config, groupOf(name), key);
}

/**
 * ERR_REPO_CONFIG for a value that is not a boolean, because reading it as false could turn verification off.
 */
export function remoteBoolean(remote: Remote, key: string, otherwise: boolean): boolean {
  const text = remoteString(remote, key);
  if (text === undefined) return otherwise;
  const value = booleanOf(text);
  if (value !== undefined) return value;
  throw optionFault(remote, key, `"${text}" is neither true nor false`);
}

/** `true` or `1`, `false` or `0`; undefined for any other word. */
export function booleanOf(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}

/** The items of a list; each character of `separators` ends one. */
export function remoteList({ name, configs }: Remote, key: string, separators?: string): readonly string[] {
  const config = configs.find((candidate) => candidate.get(groupOf(name))?.has(key));
  return config === undefined ? [] : (keyfileList(config, groupOf(name), key, separators) ?? []);
}

export function optionFault({ name, repo }: Remote, key: string, what: string): TreeportError {
  return new TreeportError(
    'ERR_REPO_CONFIG',
    `option ${key} of remote "${name}" of repository ${repo}: ${what}`,
  );
}

type Place = { readonly config: Keyfile; readonly directory?: string };

async function remotePlaces(repo: Repository, options: RemotesOptions): Promise<readonly Place[]> {
  const directory =
    options.remotesDirectory ?? ((await isSystemRepo(repo.path)) ? SYSTEM_REMOTES : undefined);
  const further = directory === undefined ? [] : await readRemotesDirectory(directory);
  const inherited = repo.parent === undefined ? [] : await remotePlaces(repo.parent, {});
  return [{ config: repo.config, directory: repo.path }, ...further, ...inherited];
}

async function isSystemRepo(path: string): Promise<boolean> {
  const [repo, system] = await Promise.all([stat(path), stat(SYSTEM_REPO).catch(() => undefined)]);
  return system !== undefined && repo.dev === system.dev && repo.ino === system.ino;
}

async function readRemotesDirectory(directory: string): Promise<readonly Place[]> {
  const names = await readdir(directory).catch((error) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw unreadable(directory, error);
  });
  const files = names.filter((name) => name.endsWith('.conf')).toSorted();
  const configs = files.map((name) => readConfig(join(directory, name)));
  return [...configs.map((config) => ({ config })), { config: new Map(), directory }];
}

function readConfig(path: string): Keyfile {
  const config = parseKeyfile(readText(path));
  if (!isKeyfileFault(config)) return config;
  throw new TreeportError('ERR_REPO_CONFIG', `${path}, line ${config.line}: ${config.what}`);
}

function readText(path: string): string {
  try {
    // A file that has been removed since has no remotes.
    return readRegularFile(path, MAX_KEYFILE_BYTES)?.toString('utf8') ?? '';
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): TreeportError {
  return new TreeportError('ERR_REPO_CONFIG', `the remotes in ${path} cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
}

function groupOf(name: string): string {
  return `remote "${name}"`;
}

function remoteNames(config: Keyfile): readonly string[] {
  return [...config.keys()].flatMap((group) => /^remote "(.+)"$/.exec(group)?.[1] ?? []);
}
