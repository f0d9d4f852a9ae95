/**
 * A repository that may change under the server: its config is rewritten, its disk is unmounted, its
 * directory is replaced. It is reopened when its config or its directory of objects has changed. While it
 * cannot be opened every request fails, so that clients do not mistake a vanished repository for an empty
 * one.
 */
import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { Repository } from '../../ostree/repo/open.ts';

export type FollowedRepository = {
  /** Its members always reflect the repository as it was last opened. */
  readonly repo: Repository;
  /**
   * Reopens the repository if it has changed; call before each use. Undefined if nothing has changed; rejects
   * with ERR_REPO_MISSING and the like while the repository cannot be opened.
   */
  refresh(): Promise<void> | undefined;
  /**
   * The same, for requests that arrive together: looks at the files once in a turn of the event loop, because
   * that takes as long as reading a small object.
   */
  refreshOnceATurn(): Promise<void> | undefined;
};

export type FollowOptions = {
  /** Reopens the repository. Without it the server keeps the given one, as long as its files exist. */
  readonly reopen: (() => Promise<Repository>) | undefined;
  readonly logger: Logger;
};

/** Time stamps are coarse: a config written just before it was read may change again without a new stamp. */
const SETTLING_MS = 1000;
const IF_THERE = { throwIfNoEntry: false } as const;

export function followRepository(first: Repository, options: FollowOptions): FollowedRepository {
  const follower = new Follower(first, options);
  const current = () => follower.current;
  const objects: ObjectSource = {
    has: (name) => current().objects.has(name),
    metadata: (type, checksum) => current().objects.metadata(type, checksum),
    content: (checksum) => current().objects.content(checksum),
    list: () => current().objects.list(),
  };
  const repo: Repository = {
    path: first.path,
    objects,
    get mode() {
      return current().mode;
    },
    get config() {
      return current().config;
    },
    get parent() {
      return current().parent;
    },
    get metadataFrom() {
      return current().metadataFrom;
    },
    get ready() {
      return current().ready;
    },
  };
  return {
    repo,
    refresh: () => follower.refresh(),
    refreshOnceATurn: () => follower.refreshOnceATurn(),
  };
}

class Follower {
  current: Repository;
  readonly #options: FollowOptions;
  /** Identifies the files {@link current} was opened from; undefined if they may have changed since. */
  #mark: Mark | undefined;
  /** Whether the files were the same earlier in this turn of the event loop. */
  #wasSame = false;
  #opening: Promise<void> | undefined;
  /** The message of the failure that lasts, so that it is logged once. */
  #fault: string | undefined;

  constructor(first: Repository, options: FollowOptions) {
    this.current = first;
    this.#options = options;
    this.#mark = isSettled(first, Date.now()) ? markOf(first) : undefined;
  }

  refreshOnceATurn(): Promise<void> | undefined {
    if (this.#wasSame) return undefined;
    const reopening = this.refresh();
    if (reopening !== undefined) return reopening;
    this.#wasSame = true;
    setImmediate(this.#endTurn);
    return undefined;
  }

  readonly #endTurn = (): void => {
    this.#wasSame = false;
  };

  refresh(): Promise<void> | undefined {
    if (this.#mark !== undefined && isMarked(this.current, this.#mark)) return undefined;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { reopen, logger } = this.#options;
    const { path, mode } = this.current;
    const start = Date.now();
    try {
      checkIsThere(this.current);
      const opened = reopen === undefined ? this.current : await reopen();
      this.#mark = isSettled(opened, start) ? markOf(opened) : undefined;
      this.current = opened;
    } catch (error) {
      if (this.#fault !== messageOf(error)) {
        const code = isTreeportError(error) ? error.code : 'ERR_REPO_MISSING';
        logger.error({ repo: path, code }, `nothing can be served: ${messageOf(error)}`);
      }
      this.#mark = undefined;
      this.#fault = messageOf(error);
      throw error;
    }
    if (this.#fault !== undefined) logger.info({ repo: path }, 'the repository is there again');
    this.#fault = undefined;
    if (this.current.mode !== mode) logger.info({ repo: path, mode: this.current.mode }, 'another mode');
  }
}

/** What tells one state of a repository's files from another, with the marks of its parents. */
type Mark = {
  readonly paths: MarkedPaths;
  readonly config: Stats | undefined;
  readonly objects: Stats | undefined;
  readonly parent: Mark | undefined;
};

type MarkedPaths = { readonly config: string; readonly objects: string };

function markOf(repo: Repository): Mark {
  const parent = repo.parent && markOf(repo.parent);
  const paths = { config: join(repo.path, 'config'), objects: join(repo.path, 'objects') };
  return { paths, config: statsOf(paths.config), objects: statsOf(paths.objects), parent };
}

/** False if a config in the chain of parents was written or a directory of objects replaced. */
function isMarked(repo: Repository, mark: Mark): boolean {
  const config = statsOf(mark.paths.config);
  const objects = statsOf(mark.paths.objects);
  if (config?.ino !== mark.config?.ino || config?.size !== mark.config?.size) return false;
  if (config?.mtimeMs !== mark.config?.mtimeMs || config?.ctimeMs !== mark.config?.ctimeMs) return false;
  if (objects?.ino !== mark.objects?.ino || objects?.dev !== mark.objects?.dev) return false;
  if (repo.parent === undefined || mark.parent === undefined) return repo.parent === mark.parent;
  return isMarked(repo.parent, mark.parent);
}

/** Checks that the directory of objects still exists. */
function checkIsThere(repo: Repository): void {
  if (statsOf(join(repo.path, 'objects'))?.isDirectory() === true) return;
  throw new TreeportError('ERR_REPO_MISSING', `no ostree repository at ${repo.path} any more`);
}

function isSettled(repo: Repository, now: number): boolean {
  const config = statsOf(join(repo.path, 'config'));
  // A stamp in the future comes from another machine's clock; it counts as old.
  const isOld =
    config === undefined || Math.abs(now - Math.max(config.mtimeMs, config.ctimeMs)) > SETTLING_MS;
  return isOld && (repo.parent === undefined || isSettled(repo.parent, now));
}

/** Undefined also if stat fails, for example on a failed disk. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, IF_THERE);
  } catch {
    return undefined;
  }
}
