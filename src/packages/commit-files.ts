/**
 * The files of a commit by path, as a running system would find them: symlinks to directories are followed.
 * Directories are loaded when they are needed, and kept.
 *
 * Symlinks are followed as often as Linux follows them, so loops end; `..` stays below the root.
 */
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { isSymlink } from '../ostree/file-header.ts';
import { loadDirtree } from '../ostree/load.ts';
import { contentHead, type ObjectSource } from '../ostree/object-source.ts';
import type { TreeRoot } from '../ostree/tree-roots.ts';
import { verifiedBytes, verifiedStream } from '../ostree/verify.ts';

export type FoundFile = { readonly path: string; readonly checksum: Checksum };

export type OpenDirectory = TreeRoot & {
  /** Absolute, without symlinks; the root's is empty. */
  readonly path: string;
  readonly files: ReadonlyMap<string, FoundFile>;
  readonly directories: ReadonlyMap<string, TreeRoot>;
};

type FileFacts = {
  readonly size: number;
  /** Of a symlink. */
  readonly target: string | undefined;
};

/** Linux gives up after as many (ELOOP). */
const MAX_SYMLINKS = 40;
/** Of asked directories, existing or not: a database may name any number of them. */
const MAX_ASKED = 100_000;

export class CommitFiles {
  readonly #source: ObjectSource;
  readonly #root: TreeRoot;
  readonly #opened = new Map<string, OpenDirectory>();
  readonly #asked = new Map<string, OpenDirectory | undefined>();
  /** Of the files that were asked for, most of them several times. */
  readonly #heads = new Map<Checksum, FileFacts>();

  constructor(source: ObjectSource, root: TreeRoot) {
    this.#source = source;
    this.#root = root;
  }

  /** The file or symlink at an absolute path; a final symlink is not followed. */
  async find(path: string): Promise<FoundFile | undefined> {
    const slash = path.lastIndexOf('/');
    const directory = await this.directory(path.slice(0, Math.max(slash, 0)));
    return directory?.files.get(path.slice(slash + 1));
  }

  /** Like {@link find} at once, for files in directories that were asked for before. */
  findAgain(path: string): FoundFile | undefined {
    const slash = path.lastIndexOf('/');
    return this.#asked.get(path.slice(0, Math.max(slash, 0)))?.files.get(path.slice(slash + 1));
  }

  /** The directory at an absolute path. Symlinks are followed. */
  async directory(path: string): Promise<OpenDirectory | undefined> {
    if (this.#asked.has(path)) return this.#asked.get(path);
    const found = await this.#resolve(await this.#openRoot(), path, { left: MAX_SYMLINKS });
    if (this.#asked.size >= MAX_ASKED) this.#asked.clear();
    this.#asked.set(path, found);
    return found;
  }

  /** Every file and symlink, in the order of ostree's walks. */
  async *all(): AsyncGenerator<FoundFile> {
    for await (const { files } of this.directories()) yield* files.values();
  }

  /** Every directory, before those below it, in the order of ostree's walks. */
  async *directories(): AsyncGenerator<OpenDirectory> {
    const pending = [await this.#openRoot()];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      yield next;
      for (const name of [...next.directories.keys()].toReversed())
        pending.push((await this.#enter(next, name)) as OpenDirectory);
    }
  }

  /**
   * The verified bytes of the regular file at `path`, symlinks followed; undefined if there is none.
   * ERR_FILE_TOO_LARGE above `limit` bytes.
   */
  async read(path: string, limit: number): Promise<Buffer | undefined> {
    const found = await this.regular(path);
    if (found === undefined) return undefined;
    const size = await this.size(found);
    if (size > limit)
      throw new TreeportError(
        'ERR_FILE_TOO_LARGE',
        `${found.path} in the commit has ${size} bytes; at most ${limit} are read`,
      );
    return verifiedBytes(this.#source, found.checksum);
  }

  /** The regular file at `path`, symlinks followed. */
  async regular(path: string): Promise<FoundFile | undefined> {
    const at = { path };
    for (let left = MAX_SYMLINKS; left >= 0; left--) {
      const found = await this.find(at.path);
      if (found === undefined) return undefined;
      const target = await this.target(found);
      if (target === undefined) return found;
      at.path = target.startsWith('/')
        ? target
        : `${found.path.slice(0, found.path.lastIndexOf('/'))}/${target}`;
    }
    return undefined;
  }

  /** Bytes of a file; 0 for a symlink. */
  async size({ checksum }: FoundFile): Promise<number> {
    return (await this.#head(checksum)).size;
  }

  /** The verified bytes of a regular file, in pieces. */
  async *stream({ checksum }: FoundFile): AsyncGenerator<Uint8Array> {
    yield* verifiedStream(await this.#source.content(checksum), checksum);
  }

  /** Where a symlink points, literally; undefined for a regular file. */
  async target({ checksum }: FoundFile): Promise<string | undefined> {
    return (await this.#head(checksum)).target;
  }

  async #head(checksum: Checksum): Promise<FileFacts> {
    const known = this.#heads.get(checksum);
    if (known !== undefined) return known;
    const { header, size } = await contentHead(this.#source, checksum);
    const found = { size, target: isSymlink(header) ? header.target : undefined };
    this.#heads.set(checksum, found);
    return found;
  }

  async #resolve(
    from: OpenDirectory,
    path: string,
    links: { left: number },
  ): Promise<OpenDirectory | undefined> {
    const root = await this.#openRoot();
    const at = { directory: path.startsWith('/') ? root : from };
    for (const name of path.split('/')) {
      if (name === '' || name === '.') continue;
      const next =
        name === '..' ? await this.#parent(at.directory) : await this.#step(at.directory, name, links);
      if (next === undefined) return undefined;
      at.directory = next;
    }
    return at.directory;
  }

  async #step(
    directory: OpenDirectory,
    name: string,
    links: { left: number },
  ): Promise<OpenDirectory | undefined> {
    const below = await this.#enter(directory, name);
    if (below !== undefined) return below;
    const file = directory.files.get(name);
    const target = file === undefined ? undefined : await this.target(file);
    if (target === undefined || links.left === 0) return undefined;
    links.left -= 1;
    return this.#resolve(directory, target, links);
  }

  async #parent({ path }: OpenDirectory): Promise<OpenDirectory | undefined> {
    return this.#opened.get(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
  }

  async #enter(directory: OpenDirectory, name: string): Promise<OpenDirectory | undefined> {
    const root = directory.directories.get(name);
    return root === undefined ? undefined : this.#open(root, `${directory.path}/${name}`);
  }

  #openRoot(): Promise<OpenDirectory> {
    return this.#open(this.#root, '');
  }

  async #open({ tree, meta }: TreeRoot, path: string): Promise<OpenDirectory> {
    const known = this.#opened.get(path);
    if (known !== undefined) return known;
    const entries = await loadDirtree(this.#source, tree);
    const files = new Map(
      entries.files.map(({ name, checksum }) => [name, { path: `${path}/${name}`, checksum }]),
    );
    const directories = new Map(entries.directories.map(({ name, tree, meta }) => [name, { tree, meta }]));
    const opened = { path, tree, meta, files, directories };
    this.#opened.set(path, opened);
    return opened;
  }
}
