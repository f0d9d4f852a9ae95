/** Inspects the target directory before writing and remembers what to roll back on failure. */
import { readFileSync, rmSync } from 'node:fs';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeError } from '../../base/atomic-file.ts';
import { errnoOf, TreeportError } from '../../base/errors.ts';
import { EMPTY_INDEX, type ImageIndex, INDEX_FILE, LAYOUT_FILE, parseIndex } from '../model/image-layout.ts';

export type LayoutTarget = {
  /** The final path, absolute. */
  readonly path: string;
  readonly exists: boolean;
  /** False if `oci-layout` must be written. */
  readonly isLayout: boolean;
};

/** Inspects the absolute path `path`; ERR_IMAGE_TARGET if it exists and is not a layout. */
export async function inspectLayoutTarget(path: string): Promise<LayoutTarget> {
  try {
    if (!(await stat(path)).isDirectory()) throw refusal(path, 'not a directory');
    const names = await readdir(path);
    if (names.length > 0 && !names.includes(LAYOUT_FILE)) throw refusal(path, 'not an OCI layout');
    await readLayoutIndex(path);
    return { path, exists: true, isLayout: names.length > 0 };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw writeError(error, path);
  }
  const link = await lstat(path).catch(() => undefined);
  if (link !== undefined) throw refusal(path, 'a symbolic link to nothing');
  return { path, exists: false, isLayout: false };
}

/** The index of a layout; an empty one if the file does not exist. */
export async function readLayoutIndex(root: string): Promise<ImageIndex> {
  const path = join(root, INDEX_FILE);
  try {
    return parseIndex(await readFile(path), path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return EMPTY_INDEX;
    throw error;
  }
}

/** The files that a writer has added to a layout, for rolling back. */
export class LayoutAdditions {
  readonly #root: string;
  readonly #paths = new Set<string>();
  readonly #indexBefore: Buffer | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#indexBefore = this.#index();
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  /** Synchronous, because it also runs when the process exits. */
  discard(): void {
    // Another writer has finished in the meantime, and its image may share blobs with ours.
    if (this.#index()?.equals(this.#indexBefore ?? Buffer.alloc(0)) === false) return;
    for (const path of this.#paths) rmSync(path, { recursive: true, force: true });
  }

  #index(): Buffer | undefined {
    try {
      return readFileSync(join(this.#root, INDEX_FILE));
    } catch {
      return undefined;
    }
  }
}

function refusal(path: string, what: string): TreeportError {
  return new TreeportError('ERR_IMAGE_TARGET', `${path} exists and is ${what}; it was left as it is`);
}
