/**
 * Which path of a commit belongs to which package.
 *
 * Files that scripts make when packages are installed are in no list; those whose origin is certain belong to
 * the package they are made of: Python's bytecode to that of the source, alternatives (update-alternatives)
 * and the links to them to that of the file they lead to. Directories have no owner.
 */
import type { CommitFiles, FoundFile } from './commit-files.ts';
import { locate } from './commit-paths.ts';
import type { ListedPackage, Package } from './package.ts';

export type PathOwner = {
  /** All packages that list the path, by id. The first one owns it. */
  readonly packages: readonly [Package, ...Package[]];
  readonly why: 'listed' | 'bytecode' | 'alternative';
  /** The builder of the system moved it, so no package lists it where the commit has it. */
  readonly moved: boolean;
};

/** Owners by path in the commit; paths that no package has are absent. */
export type PathOwners = ReadonlyMap<string, PathOwner>;

const ALTERNATIVES = '/etc/alternatives/';
const BYTECODE = /^(.*\/)__pycache__\/([^/]+?)\.[^./]+(?:\.opt-[^./]+)?\.pyc$/;
/** A public link leads to /etc/alternatives, which leads to a file, which may be a link again. */
const MAX_LINKS = 4;

export class OwnerMap {
  readonly #files: CommitFiles;
  readonly #owners = new Map<string, PathOwner>();

  constructor(files: CommitFiles) {
    this.#files = files;
  }

  async add({ package: owner, files }: ListedPackage): Promise<void> {
    const inPlace: PathOwner = { packages: [owner], why: 'listed', moved: false };
    const elsewhere: PathOwner = { ...inPlace, moved: true };
    for (const listed of files) {
      const there = this.#files.findAgain(listed) ?? (await this.#files.find(listed));
      const path = (there ?? (await locate(this.#files, listed)))?.path;
      if (path === undefined) continue;
      const alone = there === undefined ? elsewhere : inPlace;
      const known = this.#owners.get(path);
      if (known === undefined) this.#owners.set(path, alone);
      else if (!known.packages.includes(owner)) this.#owners.set(path, together(known, alone));
    }
  }

  /** Adds the files made of others, and returns the map. */
  async finish(): Promise<PathOwners> {
    const unowned: FoundFile[] = [];
    for await (const file of this.#files.all()) if (!this.#owners.has(file.path)) unowned.push(file);
    for (const file of unowned) {
      const source = BYTECODE.exec(file.path);
      if (source !== null) this.#derive(file, `${source[1]}${source[2]}.py`, 'bytecode');
      else await this.#alternative(file);
    }
    return this.#owners;
  }

  #derive(file: FoundFile, from: string, why: PathOwner['why']): boolean {
    const origin = this.#owners.get(from);
    if (origin === undefined) return false;
    this.#owners.set(file.path, { packages: origin.packages, why, moved: origin.moved });
    return true;
  }

  async #alternative(file: FoundFile): Promise<void> {
    const isOne = file.path.startsWith(ALTERNATIVES) || file.path.startsWith(`/usr${ALTERNATIVES}`);
    const first = await this.#files.target(file);
    if (first === undefined || (!isOne && !first.startsWith(ALTERNATIVES))) return;
    const at: { target: string | undefined } = { target: first };
    for (let links = 0; links < MAX_LINKS && at.target?.startsWith('/'); links++) {
      const next = await locate(this.#files, at.target);
      if (next === undefined || this.#derive(file, next.path, 'alternative')) return;
      at.target = await this.#files.target(next);
    }
  }
}

function together(one: PathOwner, another: PathOwner): PathOwner {
  const sorted = [...one.packages, ...another.packages].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { packages: sorted as [Package, ...Package[]], why: one.why, moved: one.moved && another.moved };
}
