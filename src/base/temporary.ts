/**
 * Files and directories under a temporary name beside their final one, or for work that is thrown away. They go when
 * the work is done, when it fails and when the process exits. What a killed process left, the next one removes when it
 * makes a temporary in the same directory.
 *
 * Whether its maker is alive, a lock tells (flock, which the kernel releases with the process): a pid says nothing
 * across containers that share a directory. A name with `.held-` is locked from its creation until it is renamed or
 * removed; one without a free lock, of another user or of another form is left alone. Locks are libc's, so that this row
 * is given them (docs/decisions/0083-locks-of-temporary-files.md); without, names have the pid and nothing is removed.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { onEarlyExit } from './cleanup.ts';
import { errnoOf } from './errors.ts';

/** Locks an open file or directory until it is closed; false if somebody else has, or it cannot be locked. */
export type TryLock = (descriptor: number) => boolean;

type Kind = 'file' | 'directory';
type Held = { readonly path: string; readonly descriptor: number | undefined };

const HELD = /^\..+\.held-[0-9a-f]{12}\.tmp$/;
const ATTEMPTS = 16;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

const provided: { load: (() => Promise<TryLock>) | undefined } = { load: undefined };
const swept = new Set<string>();

/** Gives the process its locks; `load` is called for the first temporary. */
export function provideLocks(load: () => Promise<TryLock>): void {
  provided.load = load;
}

/** A name beside `path` that nothing else uses; `mark` says whose it is. */
export function nameBeside(path: string, mark: string): string {
  return join(dirname(path), `.${basename(path)}.${mark}-${randomBytes(6).toString('hex')}.tmp`);
}

export class Temporary {
  readonly path: string;
  readonly #descriptor: number | undefined;
  readonly #unregister: () => void;
  #isReleased = false;

  private constructor({ path, descriptor }: Held) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#unregister = onEarlyExit(() => rmSync(path, { recursive: true, force: true }));
  }

  /** Makes an empty file or directory beside `target`, in a directory that exists. Throws errors of the system. */
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

  /** Removes it, if it still has its temporary name. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
    this.#release();
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#unregister();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

// Making and locking are synchronous, so that no signal comes between them and the clean-up that it would run.

function make(path: string, kind: Kind, mode: number): void {
  if (kind === 'directory') mkdirSync(path, { mode });
  else closeSync(openSync(path, 'wx', mode));
}

/** A sweep of another process may come between the making and the lock: then again, under another name. */
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

/** Undefined if it was swept already. */
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

/** Removes what processes of this user that have ended left in the directory; looks once into each. */
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
