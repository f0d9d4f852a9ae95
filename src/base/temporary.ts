/**
 * Temporary files and directories, beside their final name or for scratch data. They are removed when the
 * work is done, when it fails and when the process exits. Leftovers of a killed process are removed by the
 * next process that creates a temporary in the same directory.
 *
 * A lock (flock, which the kernel releases with the process) tells whether the owner is alive, because pids
 * mean nothing across containers that share a directory. Names with `.held-` stay locked from creation until
 * rename or removal; files that are locked, belong to another user or have another kind of name are left
 * alone. Locking needs libc, so a higher layer provides it (docs/decisions/0083-locks-of-temporary-files.md);
 * without it names carry the pid and nothing is swept.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onEarlyExit } from './cleanup.ts';
import { errnoOf } from './errors.ts';

/**
 * Locks an open file or directory until it is closed; false if another process holds the lock, or on failure.
 */
export type TryLock = (descriptor: number) => boolean;

type Kind = 'file' | 'directory';
type Held = { readonly path: string; readonly descriptor: number | undefined };

const HELD = /^\..+\.held-[0-9a-f]{12}\.tmp$/;
const ATTEMPTS = 16;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const provided: { load: (() => Promise<TryLock>) | undefined } = { load: undefined };
const swept = new Set<string>();

/** Sets how files are locked; `load` is called for the first temporary. */
export function provideLocks(load: () => Promise<TryLock>): void {
  provided.load = load;
}

/** A temporary name of this module in a path, and what is below it if it is of `withTemporaryDirectory`. */
const IN_TEXT =
  /\.treeport\.(?:held|\d+)-[0-9a-f]{12}\.tmp[^\s"':,;)]*|\.([^/\s]+)\.(?:held|\d+)-[0-9a-f]{12}\.tmp/g;

/** The text with final names in the place of temporary ones, which mean nothing to users. */
export function withoutTemporaryNames(text: string): string {
  return text.replaceAll(IN_TEXT, (_, name?: string) => name ?? '(temporary files)');
}

/** A unique name beside `path`; `mark` identifies the owner. */
export function nameBeside(path: string, mark: string): string {
  return join(dirname(path), `.${basename(path)}.${mark}-${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * A program that was told to end may still write into the directory; removing it is retried for a few
 * seconds.
 */
const REMOVE_IN_USE = { recursive: true, force: true, maxRetries: 20, retryDelay: 20 } as const;

export class Temporary {
  readonly path: string;
  readonly #descriptor: number | undefined;
  readonly #unregister: () => void;
  #isReleased = false;

  private constructor({ path, descriptor }: Held) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#unregister = onEarlyExit(() => rmSync(path, REMOVE_IN_USE));
  }

  /** Creates an empty file or directory beside `target`, in an existing directory. Throws system errors. */
  static async create(target: string, kind: Kind, mode: number): Promise<Temporary> {
    const tryLock = await provided.load?.();
    if (tryLock === undefined) {
      const path = nameBeside(target, String(process.pid));
      make(path, kind, mode);
      return new Temporary({ path, descriptor: undefined });
    }
    await sweep(dirname(target), tryLock);
    return new Temporary(makeHeld(target, kind, mode, tryLock));
  }

  /** Gives it its final name. */
  async rename(path: string): Promise<void> {
    await rename(this.path, path);
    this.#release();
  }

  /** The same, before anything else in this process runs. */
  renameNow(path: string): void {
    renameSync(this.path, path);
    this.#release();
  }

  /**
   * Removes it, if it still has its temporary name. At once, because Node's asynchronous removal of thousands
   * of directories takes three times the processor time.
   */
  async remove(): Promise<void> {
    rmSync(this.path, { recursive: true, force: true });
    this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#unregister();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

// Creation and locking are synchronous, so that no signal handler runs its clean-up in between.

function make(path: string, kind: Kind, mode: number): void {
  if (kind === 'directory') mkdirSync(path, { mode });
  else closeSync(openSync(path, 'wx', mode));
}

/** Retries under another name if another process sweeps the file between its creation and the lock. */
function makeHeld(target: string, kind: Kind, mode: number, tryLock: TryLock): Held {
  for (let attempt = 1; ; attempt += 1) {
    const path = nameBeside(target, 'held');
    make(path, kind, mode);
    const descriptor = openMade(path);
    const isHeld = descriptor !== undefined && tryLock(descriptor) && isStill(descriptor, path);
    if (isHeld || attempt === ATTEMPTS) return { path, descriptor };
    if (descriptor !== undefined) closeSync(descriptor);
    rmSync(path, { recursive: true, force: true });
  }
}

/** Undefined if another process swept it already. */
function openMade(path: string): number | undefined {
  try {
    return openSync(path, READ);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isStill(descriptor: number, path: string): boolean {
  return fstatSync(descriptor).ino === lstatSync(path, { throwIfNoEntry: false })?.ino;
}

/** Removes leftovers of this user's dead processes; scans each directory once per process. */
async function sweep(directory: string, tryLock: TryLock): Promise<void> {
  if (swept.has(directory)) return;
  swept.add(directory);
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((each) => HELD.test(each))) {
    await removeAbandoned(join(directory, name), tryLock).catch(() => {});
  }
}

async function removeAbandoned(path: string, tryLock: TryLock): Promise<void> {
  await using handle = await open(path, READ);
  if ((await handle.stat()).uid !== process.geteuid?.()) return;
  if (tryLock(handle.fd)) await rm(path, { recursive: true, force: true });
}
