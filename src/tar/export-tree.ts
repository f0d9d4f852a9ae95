/**
 * Writes a commit's metadata objects and directories, and optionally its files:
 *
 *     .commit · .commitmeta if there is one · .dirmeta of the root · then for each directory
 *         .dirtree · its files · for each subdirectory: .dirmeta, the directory entry, the subdirectory
 *
 * Each object is written once. `var/tmp` is added if the commit has none. Paths below a `/sysroot` in the
 * commit are not written, because the repository is there; its objects that the rest of the tree lacks come
 * last. (ostree-ext omits them, which breaks the commit. With the usual empty `/sysroot` there are none.)
 */
import type { Checksum } from '../ostree/checksum.ts';
import type { Commit } from '../ostree/commit.ts';
import { parseDirmeta } from '../ostree/dirmeta.ts';
import { DirtreeReader } from '../ostree/dirtree.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { ObjectNames } from '../ostree/object-names.ts';
import { contentHead, type ObjectSource } from '../ostree/object-source.ts';
import { meetFirst, nextTree, type TreeLevel } from '../ostree/walk.ts';
import { exportObject, objectHeader, writeLink } from './export-object.ts';
import { containerPath, isHidden, objectPath } from './layout.ts';
import type { CheckedPiece } from './piece-checks.ts';
import type { DirectoryOwner, TarWriter } from './writer.ts';

type Place = { readonly tree: Checksum; readonly path: string };

const ROOT_PATH = '';
const VAR_TMP = 'var/tmp';

export class TreeExport {
  readonly #source: ObjectSource;
  readonly #writer: TarWriter;
  readonly #withFiles: boolean;
  /** What is written. */
  readonly #written = new ObjectNames();
  #hasVarTmp = false;
  #hidden: Place | undefined;

  constructor(source: ObjectSource, writer: TarWriter, options: { readonly withFiles: boolean }) {
    this.#source = source;
    this.#writer = writer;
    this.#withFiles = options.withFiles;
  }

  /** Writes everything after the empty repository. Yields pieces as they fill up. */
  async *write(checksum: Checksum, bytes: Buffer, commit: Commit): AsyncGenerator<CheckedPiece> {
    this.#writer.file(objectPath(checksum, 'commit'), bytes);
    if (await this.#source.has({ type: 'commitmeta', checksum })) {
      const detached = await this.#source.metadata('commitmeta', checksum);
      this.#writer.file(objectPath(checksum, 'commitmeta'), detached);
    }
    await this.#dirmeta(commit.rootMeta);
    yield* this.#directory(commit.rootTree, ROOT_PATH);
    if (!this.#hasVarTmp) this.#writer.directory(VAR_TMP, { uid: 0, gid: 0, mode: 0o1777 });
    if (this.#hidden !== undefined) yield* this.#directory(this.#hidden.tree, this.#hidden.path);
  }

  async *#directory(tree: Checksum, path: string): AsyncGenerator<CheckedPiece> {
    const levels: TreeLevel[] = [];
    for (let next: Place | undefined = { tree, path }; next !== undefined; next = await this.#enter(levels)) {
      const entries = await this.#dirtree(next.tree);
      const prefix = next.path === ROOT_PATH ? '' : `${next.path}/`;
      levels.push({ prefix, directories: entries, next: 0 });
      for (const { name, checksum } of this.#withFiles ? entries.files() : [])
        yield* this.#file(checksum, containerPath(prefix + name));
      yield* this.#writer.takeFull();
    }
  }

  async #dirtree(tree: Checksum): Promise<DirtreeReader> {
    const bytes = await verifiedMetadata(this.#source, 'dirtree', tree);
    if (this.#first('dirtree', tree)) this.#writer.file(objectPath(tree, 'dirtree'), bytes);
    return new DirtreeReader(bytes);
  }

  /** Writes the next directory itself, without what is in it; undefined after the last. */
  async #enter(levels: TreeLevel[]): Promise<Place | undefined> {
    for (let child = nextTree(levels); child !== undefined; child = nextTree(levels)) {
      const owner = await this.#dirmeta(child.meta);
      const path = containerPath(child.path);
      if (levels.length === 1 && levels[0]?.prefix === '' && isHidden(path)) {
        this.#hidden = { tree: child.tree, path };
        continue;
      }
      if (path === VAR_TMP) this.#hasVarTmp = true;
      if (!isHidden(path)) this.#writer.directory(walkPath(path), owner);
      return { tree: child.tree, path };
    }
    return undefined;
  }

  async *#file(checksum: Checksum, path: string): AsyncGenerator<CheckedPiece> {
    if (this.#first('file', checksum)) {
      const { entry, block } = yield* exportObject(this.#writer, this.#source, checksum);
      if (!isHidden(path)) writeLink(this.#writer, walkPath(path), entry, block);
    } else if (!isHidden(path)) {
      writeLink(
        this.#writer,
        walkPath(path),
        objectHeader(checksum, await contentHead(this.#source, checksum)),
      );
    }
    yield* this.#writer.takeFull();
  }

  async #dirmeta(checksum: Checksum): Promise<DirectoryOwner> {
    const bytes = await verifiedMetadata(this.#source, 'dirmeta', checksum);
    if (this.#first('dirmeta', checksum)) this.#writer.file(objectPath(checksum, 'dirmeta'), bytes);
    return parseDirmeta(bytes);
  }

  #first(type: 'dirtree' | 'dirmeta' | 'file', checksum: Checksum): boolean {
    return meetFirst(this.#written, { type, checksum });
  }
}

/**
 * ostree-ext prefixes the paths of this walk, but not those of objects and chunks, with `./`; long names show
 * it.
 */
function walkPath(path: string): string {
  return `./${path}`;
}
