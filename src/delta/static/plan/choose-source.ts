/**
 * Chooses for each new file the old one that it is most likely a version of: the file of the same path, else
 * of the same path but for numbers (`/usr/lib/modules/6.1.0-55/…` became `6.1.0-56`), else of the same name
 * and nearest in size. Whether it resembles the new file is judged when the part is made.
 *
 * Sources are regular files with bytes that everyone may read: clients of a system repository that they do
 * not own could not open others.
 */
import { posix } from 'node:path';
import type { Checksum } from '../../../ostree/checksum.ts';
import { isSymlink } from '../../../ostree/file-header.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';

export type SourceFile = { readonly checksum: Checksum; readonly size: number };

const READABLE_BY_OTHERS = 0o4;

export class SourceChooser {
  readonly #objects: Pick<ObjectSource, 'content'>;
  readonly #files: ReadonlyMap<string, Checksum>;
  readonly #byPattern: ReadonlyMap<string, readonly Checksum[]>;
  readonly #byName: ReadonlyMap<string, readonly Checksum[]>;
  readonly #opened = new Map<Checksum, SourceFile | undefined>();

  /** `files`: the paths of the old commit. */
  constructor(objects: Pick<ObjectSource, 'content'>, files: ReadonlyMap<string, Checksum>) {
    this.#objects = objects;
    this.#files = files;
    this.#byPattern = grouped(files, patternOf);
    this.#byName = grouped(files, posix.basename);
  }

  /** For a new file of this path and size in bytes. */
  async choose(path: string, size: number): Promise<SourceFile | undefined> {
    const same = this.#files.get(path);
    return (
      (same === undefined ? undefined : await this.#open(same)) ??
      (await this.#nearest(this.#byPattern.get(patternOf(path)), size)) ??
      (await this.#nearest(this.#byName.get(posix.basename(path)), size))
    );
  }

  /** The first of those nearest in size. */
  async #nearest(candidates: readonly Checksum[] = [], size: number): Promise<SourceFile | undefined> {
    let best: SourceFile | undefined;
    for (const candidate of candidates) {
      const file = await this.#open(candidate);
      if (file === undefined) continue;
      if (best === undefined || Math.abs(file.size - size) < Math.abs(best.size - size)) best = file;
    }
    return best;
  }

  /** Undefined if the file cannot be a source. */
  async #open(checksum: Checksum): Promise<SourceFile | undefined> {
    if (this.#opened.has(checksum)) return this.#opened.get(checksum);
    const { header, size } = await this.#objects.content(checksum);
    const isSource = !isSymlink(header) && size > 0 && (header.mode & READABLE_BY_OTHERS) !== 0;
    const file = isSource ? { checksum, size } : undefined;
    this.#opened.set(checksum, file);
    return file;
  }
}

function patternOf(path: string): string {
  return path.replaceAll(/\d+/g, '#');
}

function grouped(
  files: ReadonlyMap<string, Checksum>,
  keyOf: (path: string) => string,
): ReadonlyMap<string, readonly Checksum[]> {
  const groups = new Map<string, Checksum[]>();
  for (const [path, checksum] of files) {
    const key = keyOf(path);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [checksum]);
    else group.push(checksum);
  }
  return groups;
}
