/**
 * The commits of a transaction and their detached metadata, held back until everything else is written.
 *
 * The next transaction takes over what an aborted or killed one staged, and may be of another import. So no
 * commit without its objects, and no rejected signature, may reach the repository this way. Detached metadata
 * of a commit in the repository is never replaced: verified signatures are added to it, and none is dropped.
 *
 * A new commit is marked partial while objects move to their places, so that the repository is consistent
 * even if the process is killed meanwhile.
 */
import { isTreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { mergeDetached } from '../../ostree/sign/merge-detached.ts';
import type { Pointer } from '../library.ts';
import { hasObject, loadMetadata, markPartial } from './metadata.ts';

export type HeldType = 'commit' | 'commitmeta';
type Give = (type: HeldType, commit: Checksum, bytes: Buffer) => Promise<void>;

export class HeldCommits {
  readonly #bytes: Readonly<Record<HeldType, Map<Checksum, Buffer>>> = {
    commit: new Map(),
    commitmeta: new Map(),
  };
  readonly #marked: Checksum[] = [];
  readonly #kept: Checksum[] = [];
  readonly #isVerified: boolean;

  /** `isVerified`: the caller verified the signatures. */
  constructor(isVerified: boolean) {
    this.#isVerified = isVerified;
  }

  /**
   * After `release`: commits of the repository whose detached metadata stayed, although other metadata was
   * given.
   */
  get kept(): readonly Checksum[] {
    return this.#kept;
  }

  get(type: string, commit: Checksum): Buffer | undefined {
    return isHeld(type) ? this.#bytes[type].get(commit) : undefined;
  }

  /** Keeps a copy. */
  hold(type: HeldType, commit: Checksum, bytes: Uint8Array): void {
    this.#bytes[type].set(commit, Buffer.from(bytes));
  }

  /** Marks new commits as partial, and passes everything to `give`. */
  async release(repo: Pointer, give: Give): Promise<void> {
    for (const commit of this.#bytes.commit.keys()) {
      if (hasCommit(repo, commit)) continue;
      this.#marked.push(commit);
      markPartial(repo, commit, true);
    }
    for (const [commit, coming] of this.#bytes.commitmeta) {
      const bytes = this.#detached(repo, commit, coming);
      if (bytes !== undefined) await give('commitmeta', commit, bytes);
    }
    for (const [commit, bytes] of this.#bytes.commit) await give('commit', commit, bytes);
  }

  /** The detached metadata to write; undefined if the present one stays. */
  #detached(repo: Pointer, commit: Checksum, coming: Buffer): Buffer | undefined {
    const isThere = hasCommit(repo, commit) && hasObject(repo, { type: 'commitmeta', checksum: commit });
    if (!isThere) return coming;
    const present = loadMetadata(repo, 'commitmeta', commit);
    const merged = mergeDetached(present, coming);
    if (merged === present) return undefined;
    if (this.#isVerified || merged === coming) return merged;
    this.#kept.push(commit);
    return undefined;
  }

  /** After the transaction was committed. */
  markComplete(repo: Pointer): void {
    for (const commit of this.#bytes.commit.keys()) markPartial(repo, commit, false);
  }

  /**
   * After an abort: removes the marks of commits that were not written. Best effort, because such a mark is
   * harmless.
   */
  withdrawMarks(repo: Pointer): void {
    for (const commit of this.#marked) {
      try {
        if (!hasCommit(repo, commit)) markPartial(repo, commit, false);
      } catch (error) {
        if (!isTreeportError(error)) throw error;
      }
    }
  }
}

export function isHeld(type: string): type is HeldType {
  return type === 'commit' || type === 'commitmeta';
}

function hasCommit(repo: Pointer, checksum: Checksum): boolean {
  return hasObject(repo, { type: 'commit', checksum });
}
