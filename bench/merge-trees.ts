/** Merges two trees of an archive repository path by path, and writes the directories that neither has. */
import type { Checksum } from '../src/ostree/checksum.ts';
import { type Dirtree, serializeDirtree } from '../src/ostree/dirtree.ts';
import { loadDirtree } from '../src/ostree/load.ts';
import type { ObjectSource } from '../src/ostree/object-source.ts';
import type { ArchiveWriter } from '../src/ostree/repo/archive-writer.ts';
import type { TreeRoot } from '../src/ostree/tree-roots.ts';

/** What of both sides is at a path: a file, or the metadata of a directory; undefined for nothing. */
export type Choose = (path: string, before?: Checksum, after?: Checksum) => Checksum | undefined;

export type Trees = { readonly before: TreeRoot; readonly after: TreeRoot };

const NOTHING: Dirtree = { files: [], directories: [] };

export function mergeTrees(
  objects: ObjectSource,
  writer: ArchiveWriter,
  { before, after }: Trees,
  choose: Choose,
): Promise<TreeRoot> {
  return new Merge(objects, writer, choose).directory('', before, after) as Promise<TreeRoot>;
}

class Merge {
  readonly #objects: ObjectSource;
  readonly #writer: ArchiveWriter;
  readonly #choose: Choose;

  constructor(objects: ObjectSource, writer: ArchiveWriter, choose: Choose) {
    this.#objects = objects;
    this.#writer = writer;
    this.#choose = choose;
  }

  /** A directory that only one side has is there as long as something is in it. */
  async directory(path: string, before?: TreeRoot, after?: TreeRoot): Promise<TreeRoot | undefined> {
    if (before?.tree === after?.tree && before?.meta === after?.meta) return before;
    const [old, next] = [await this.#entries(before), await this.#entries(after)];
    const files = pairs(old.files, next.files).flatMap(([name, one, other]) => {
      const checksum = this.#choice(`${path}/${name}`, one?.checksum, other?.checksum);
      return checksum === undefined ? [] : [{ name, checksum }];
    });
    const directories = [];
    for (const [name, one, other] of pairs(old.directories, next.directories)) {
      const merged = await this.directory(`${path}/${name}`, one, other);
      if (merged !== undefined) directories.push({ name, ...merged });
    }
    const chosen = this.#choice(path, before?.meta, after?.meta);
    const meta = chosen ?? before?.meta ?? after?.meta;
    if (meta === undefined || (chosen === undefined && files.length + directories.length === 0))
      return undefined;
    return { tree: await this.#writer.metadata('dirtree', serializeDirtree({ files, directories })), meta };
  }

  #choice(path: string, before?: Checksum, after?: Checksum): Checksum | undefined {
    return before === after ? before : this.#choose(path, before, after);
  }

  async #entries(root: TreeRoot | undefined): Promise<Dirtree> {
    return root === undefined ? NOTHING : loadDirtree(this.#objects, root.tree);
  }
}

/** Entries of the same name, side by side. */
function pairs<Entry extends { readonly name: string }>(
  before: readonly Entry[],
  after: readonly Entry[],
): readonly (readonly [string, Entry | undefined, Entry | undefined])[] {
  const [old, next] = [before, after].map((entries) => new Map(entries.map((entry) => [entry.name, entry])));
  const names = new Set([...(old?.keys() ?? []), ...(next?.keys() ?? [])]);
  return [...names].map((name) => [name, old?.get(name), next?.get(name)]);
}
