/**
 * Updates of a Debian system, package by package: which of them changes a path, a record of dpkg's database
 * or a paragraph of `status`. A kernel and the package that depends on it are one update.
 */
import type { Checksum } from '../src/ostree/checksum.ts';
import type { CommitOwnership } from '../src/packages/read-packages.ts';

const DATABASE = '/usr/lib/sysimage/dpkg';
export const STATUS: string = `${DATABASE}/status`;
const KERNEL = 'linux';
const MAX_STATUS_BYTES = 64 * 1024 * 1024;

/** Which update changes what. */
export class UpdateSteps {
  readonly #sides: readonly CommitOwnership[];
  readonly #updates: number;
  /** By the names that dpkg's records have. */
  readonly #steps = new Map<string, number>();
  readonly #groups: readonly string[];

  /** The system before and after all updates, and how many there are to be. */
  constructor(sides: readonly [CommitOwnership, CommitOwnership], updates: number) {
    this.#sides = sides;
    this.#updates = updates;
    const [before, after] = sides.map(({ packages }) => new Set(packages.map(({ id }) => id)));
    const changed = sides
      .flatMap(({ packages }) => packages)
      .filter(({ id }) => before?.has(id) !== after?.has(id));
    const groupOf = ({ source, key }: (typeof changed)[0]) => (source.startsWith(KERNEL) ? KERNEL : key);
    this.#groups = [...new Set(changed.map(groupOf))].toSorted();
    if (this.#groups.length < this.#updates)
      throw new Error(`only ${this.#groups.length} packages have updates, ${this.#updates} are needed`);
    for (const one of changed)
      for (const name of [one.name, `${one.name}:${one.architecture}`])
        this.#steps.set(name, this.#stepOfGroup(groupOf(one)));
  }

  /** The packages of an update. */
  names(update: number): string {
    return this.#groups.filter((group) => this.#stepOfGroup(group) === update).join(', ');
  }

  /** 0 for a package without an update. */
  ofPackage(name: string): number {
    return this.#steps.get(name) ?? 0;
  }

  ofPath(path: string): number {
    if (path.startsWith(`${DATABASE}/info/`)) {
      const file = path.slice(path.lastIndexOf('/') + 1);
      return this.#steps.get(file.slice(0, file.lastIndexOf('.'))) ?? 1;
    }
    for (const { owners } of this.#sides.toReversed())
      for (const { name } of owners.get(path)?.packages ?? []) {
        const step = this.#steps.get(name);
        if (step !== undefined) return step;
      }
    return /\d-amd64(?:\/|$)/.test(path) ? this.#stepOfGroup(KERNEL) : 1;
  }

  /** The paragraphs of one side's `status`, by package. */
  async status(side: 0 | 1): Promise<ReadonlyMap<string, string>> {
    const text = (await this.#sides[side]?.files.read(STATUS, MAX_STATUS_BYTES))?.toString() ?? '';
    const paragraphs = text.split('\n\n').filter((paragraph) => paragraph.trim() !== '');
    return new Map(paragraphs.map((paragraph) => [nameIn(paragraph), paragraph]));
  }

  async statusObject(): Promise<Checksum> {
    const found = await this.#sides[0]?.files.find(STATUS);
    if (found === undefined) throw new Error(`the system has no ${STATUS}`);
    return found.checksum;
  }

  /** From 1; the last groups share a step if there are more groups than updates. */
  #stepOfGroup(group: string): number {
    return Math.floor((this.#groups.indexOf(group) * this.#updates) / this.#groups.length) + 1;
  }
}

function nameIn(paragraph: string): string {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
  return `${field('Package')}:${field('Architecture')}`;
}
