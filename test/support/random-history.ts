/**
 * A repository that changes at random: refs come, move and go, trees share objects, old commits are deleted
 * with a tombstone, and commits become partial.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { serializeDict, stringVariant } from '../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';
import type { Random } from '../gvariant/random.ts';
import { boundTo } from './mirror-repos.ts';

const NAMES = ['os/a', 'os/b', 'app/one/stable', 'app/two/stable', 'main'];

type Made = { readonly checksum: Checksum; readonly parent: Checksum | undefined };

export class RandomHistory {
  readonly #writer: ArchiveWriter;
  readonly #random: Random;
  readonly #refs = new Map<string, Checksum>();
  readonly #made = new Map<Checksum, Made>();
  readonly #partial = new Set<Checksum>();
  #time = 1_700_000_000;

  private constructor(writer: ArchiveWriter, random: Random) {
    this.#writer = writer;
    this.#random = random;
  }

  static async create(path: string, random: Random): Promise<RandomHistory> {
    const history = new RandomHistory(await ArchiveWriter.create(path), random);
    await history.#commit('main');
    return history;
  }

  repo(): Promise<Repository> {
    return openRepository(this.#writer.path);
  }

  /** What a snapshot with the whole history has. */
  expected(): { readonly refs: ReadonlyMap<string, Checksum>; readonly commits: ReadonlySet<Checksum> } {
    const isThere = (commit: Checksum) => this.#made.has(commit) && !this.#partial.has(commit);
    const refs = [...this.#refs]
      .filter(([, commit]) => isThere(commit))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    const commits = new Set<Checksum>();
    for (const [, head] of refs) {
      for (let next: Checksum | undefined = head; next !== undefined && isThere(next); ) {
        commits.add(next);
        next = this.#made.get(next)?.parent;
      }
    }
    return { refs: new Map(refs), commits };
  }

  async change(): Promise<void> {
    for (let steps = 1 + this.#random.below(4); steps > 0; steps--) await this.#step();
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const name = random.pick(NAMES);
    switch (random.below(6)) {
      case 0:
        // The main ref stays, so that there is something to carry.
        if (name === 'main') return;
        this.#refs.delete(name);
        return rm(join(this.#writer.path, 'refs/heads', name), { force: true });
      case 1:
        return this.#deleteOld();
      case 2:
        return this.#markPartial();
      default:
        return this.#commit(name);
    }
  }

  async #commit(name: string): Promise<void> {
    const parent = this.#refs.get(name);
    this.#time += 1 + this.#random.below(3);
    const checksum = await commitTree(this.#writer, this.#tree(), {
      timestamp: this.#time,
      metadata: boundTo(...NAMES),
      ...(parent === undefined ? {} : { parent }),
    });
    if (this.#random.below(3) === 0)
      await this.#writer.detachedMetadata(checksum, serializeDict(new Map([['note', stringVariant(name)]])));
    this.#made.set(checksum, { checksum, parent });
    this.#refs.set(name, checksum);
    await this.#writer.ref(name, checksum);
  }

  #tree(): TreeDirectory {
    const random = this.#random;
    const entries = new Map<string, TreeNode>();
    for (let count = random.below(5); count >= 0; count--) entries.set(`f${random.below(9)}`, this.#leaf());
    const inner: TreeDirectory = {
      kind: 'directory',
      mode: random.pick([0o755, 0o700]),
      entries: new Map(entries),
    };
    entries.set(`d${random.below(3)}`, inner);
    return { kind: 'directory', mode: 0o755, entries };
  }

  /** From a small stock, so that trees share objects. */
  #leaf(): TreeNode {
    const random = this.#random;
    if (random.below(6) === 0) return { kind: 'symlink', target: random.pick(['a', '../b']) };
    const size = random.pick([0, 5, 5000, 70_000]);
    const mode = random.pick([0o644, 0o644, 0o755, 0o600, 0o4755]);
    return { kind: 'file', mode, content: Buffer.alloc(size, random.below(5)) };
  }

  /** A commit that no ref names, with its detached metadata. */
  async #deleteOld(): Promise<void> {
    const heads = new Set(this.#refs.values());
    const old = [...this.#made.keys()].filter((commit) => !heads.has(commit));
    if (old.length === 0) return;
    const victim = this.#random.pick(old);
    this.#made.delete(victim);
    for (const type of ['commit', 'commitmeta'])
      await rm(join(this.#writer.path, loosePath(victim, type)), { force: true });
    await writeFileAtomic(join(this.#writer.path, loosePath(victim, 'tombstone-commit')), Buffer.alloc(0));
  }

  async #markPartial(): Promise<void> {
    const mains = new Set([this.#refs.get('main')]);
    const others = [...this.#made.keys()].filter((commit) => !mains.has(commit));
    if (others.length === 0) return;
    const victim = this.#random.pick(others);
    this.#partial.add(victim);
    await writeFileAtomic(join(this.#writer.path, `state/${victim}.commitpartial`), Buffer.alloc(0));
  }
}
