/**
 * Expresses a new file by an old one, in the form that makes a delta smallest. The memory for matching is
 * reused, so keep one matcher a thread.
 *
 * A binary patch expresses code whose addresses moved, which a copy program cannot; but it takes a byte for
 * each byte of the file, if mostly zeros, and clients need both files in memory to apply it. A copy program
 * is better for the same content under other metadata, for sparse edits, and for files that are too large.
 */
import { TRIPLE_BYTES } from './apply-patch.ts';
import { type CopyStep, copySteps, LEAST_COPY } from './copy-steps.ts';
import { equalBytes, viewOf } from './equal-bytes.ts';
import { findMatches, type WalkOptions } from './find-matches.ts';
import { MatchList } from './match-list.ts';
import { SeedIndex, type SeedIndexOptions } from './seed-index.ts';
import { writePatch } from './write-patch.ts';

export type MatchedFile =
  /** Too little of the old file is in the new one. */
  | { readonly kind: 'whole' }
  | { readonly kind: 'copy'; readonly steps: readonly CopyStep[] }
  | {
      readonly kind: 'patch';
      /** Bytes of the patch at most. */
      readonly maxSize: number;
      /** Writes it to the start of `target`, and returns its length; before the next call of `match`. */
      readonly write: (target: Uint8Array) => number;
    };

const WALKS = {
  /** Unlinked calls differ in few bytes, so that short matches pay. */
  relocatable: { margin: 3, stride: 1, candidates: 64 },
  other: { margin: 12, stride: 1, candidates: 64 },
  /** Matches are long or by chance, and each lookup waits for memory. */
  incompressible: { margin: 12, stride: 31, candidates: 1 },
} as const satisfies Record<string, WalkOptions & SeedIndexOptions>;
/** Less in common does not pay. Bytes of incompressible files are saved whole. */
const LEAST_SHARE = 0.1;
const LEAST_SHARE_OF_INCOMPRESSIBLE = 0.01;
/** Compressed sizes in bytes, measured: of an operation or pair of them, a triple, and literals. */
const STEP_COST = 7;
const TRIPLE_COST = 9;
const CHANGED_COST = 1.3;
const LITERAL_COST = 0.4;
/** A copy program that has cost so much more than the patch is given up. */
const HOPELESS = 1000;

export type MatchOptions = {
  /** Whether the result may be a patch. */
  readonly mayPatch: boolean;
  /** `incompressible` files become copy programs, because compressing a patch of one gains nothing. */
  readonly content: keyof typeof WALKS;
};

export class FileMatcher {
  readonly #index = new SeedIndex();
  readonly #matches = new MatchList();

  /** Frees memory that the garbage collector would keep while the part is compressed. */
  [Symbol.dispose](): void {
    this.#index.free();
  }

  /** The result refers to both files. */
  match(old: Uint8Array, fresh: Uint8Array, { mayPatch, content }: MatchOptions): MatchedFile {
    const matches = this.#matches;
    matches.clear();
    const walk = WALKS[content];
    this.#index.build(old, walk);
    findMatches(old, fresh, this.#index, walk, matches);
    const isIncompressible = content === 'incompressible';
    const least = isIncompressible ? LEAST_SHARE_OF_INCOMPRESSIBLE : LEAST_SHARE;
    if (matches.matchedBytes < fresh.length * least) return { kind: 'whole' };
    if (!mayPatch || isIncompressible || isCopyCheaper(old, fresh, matches))
      return { kind: 'copy', steps: copySteps(old, fresh, matches) };
    return {
      kind: 'patch',
      maxSize: fresh.length + (matches.length + 1) * TRIPLE_BYTES,
      write: (target) => writePatch(old, fresh, matches, target),
    };
  }
}

/** Estimates both forms; stops as soon as the copy program cannot win any more. */
function isCopyCheaper(old: Uint8Array, fresh: Uint8Array, matches: MatchList): boolean {
  const [oldView, freshView] = [viewOf(old), viewOf(fresh)];
  const cost = {
    patch: matches.length * TRIPLE_COST,
    copy: (2 * matches.length - 1) * STEP_COST,
  };
  for (let index = 0; index < matches.length; index++) {
    const { at, source, length } = matches.get(index);
    let isInCopy = true;
    for (let done = 0; done < length; done++) {
      const equal = Math.min(equalBytes(oldView, source + done, freshView, at + done), length - done);
      // A copy ends before the byte that changed; the next one needs a long run.
      if (equal >= LEAST_COPY) isInCopy = true;
      else if (!isInCopy) cost.copy += equal * LITERAL_COST;
      done += equal;
      if (done === length) break;
      cost.patch += CHANGED_COST;
      cost.copy += LITERAL_COST + (isInCopy ? 2 * STEP_COST : 0);
      isInCopy = false;
      if (cost.copy > cost.patch + HOPELESS) return false;
    }
  }
  return cost.copy < cost.patch;
}
