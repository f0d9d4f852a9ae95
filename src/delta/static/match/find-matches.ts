/**
 * Finds where a new file resembles an old one. It replaces bsdiff's suffix array with an index of seeds, and
 * keeps what makes its patches small: matches are extended while at least half of the bytes agree, so that
 * machine code whose addresses moved is one stretch.
 *
 * A "diagonal" is a constant difference of positions in the old and the new file. The walk follows a diagonal
 * as long as it matches; elsewhere it looks seeds up, and switches to another diagonal if that has more equal
 * bytes by a margin. Every lookup that finds a match moves the walk to the end of the longest that it
 * compares, and extensions go no further back than the end of the last match, so the time is linear in the
 * sizes of the files for all contents.
 */
import { equalBytes, viewOf } from './equal-bytes.ts';
import type { MatchList } from './match-list.ts';
import { type FoundSeed, SEED_BYTES, type SeedIndex } from './seed-index.ts';

type Walk = {
  /** Start of the current stretch in the new file. */
  start: number;
  /** Up to here the current diagonal is known to match. */
  sure: number;
  /** Old position minus new position. */
  diagonal: number;
};

export type WalkOptions = {
  /** How many more bytes a new diagonal must get right. */
  readonly margin: number;
  /** Bytes from one lookup to the next; a longer stride misses short matches. */
  readonly stride: number;
};

/** Adds the stretches to `matches`; `index` is that of `old`. */
export function findMatches(
  old: Uint8Array,
  fresh: Uint8Array,
  index: SeedIndex,
  { margin, stride }: WalkOptions,
  matches: MatchList,
): void {
  const [oldView, freshView] = [viewOf(old), viewOf(fresh)];
  const last = fresh.length - SEED_BYTES;
  const walk: Walk = { start: 0, sure: 0, diagonal: 0 };
  const found: FoundSeed = { at: 0, length: 0 };
  let at = 0;
  while (at <= last) {
    const followed = equalBytes(oldView, at + walk.diagonal, freshView, at);
    if (followed >= SEED_BYTES) {
      at += followed;
      continue;
    }
    index.find(freshView, at, walk.diagonal, found);
    const { length } = found;
    if (length < SEED_BYTES) {
      at += stride;
      continue;
    }
    if (length > agreeing(old, at + walk.diagonal, fresh, at, length) + margin) {
      switchTo(found.at - at, at, old, fresh, walk, matches);
      walk.sure = at + length;
    }
    at += length;
  }
  endStretch(fresh.length, old, fresh, walk, matches);
}

/** Ends the current stretch and starts another at `at` on `diagonal`; both reach as far as they are good. */
function switchTo(
  diagonal: number,
  at: number,
  old: Uint8Array,
  fresh: Uint8Array,
  walk: Walk,
  matches: MatchList,
): void {
  let end = forwardEnd(old, fresh, walk, at);
  let start = backwardStart(old, fresh, diagonal, at, walk.sure);
  if (end > start) {
    start = bestBorder(old, fresh, walk.diagonal, diagonal, start, end);
    end = start;
  }
  if (end > walk.start) matches.add(walk.start, walk.start + walk.diagonal, end - walk.start);
  walk.start = start;
  walk.diagonal = diagonal;
}

function endStretch(at: number, old: Uint8Array, fresh: Uint8Array, walk: Walk, matches: MatchList): void {
  const end = forwardEnd(old, fresh, walk, at);
  if (end > walk.start) matches.add(walk.start, walk.start + walk.diagonal, end - walk.start);
}

/** How far behind `walk.sure` the diagonal is good: where matches are most ahead of mismatches. */
function forwardEnd(old: Uint8Array, fresh: Uint8Array, { sure, diagonal }: Walk, limit: number): number {
  const end = Math.min(limit, old.length - diagonal);
  let [lead, best, bestEnd] = [0, 0, sure];
  for (let at = sure; at < end; at++) {
    lead += old[at + diagonal] === fresh[at] ? 1 : -1;
    if (lead > best) {
      best = lead;
      bestEnd = at + 1;
    }
  }
  return bestEnd;
}

/** The same before `at`, not before `limit`. */
function backwardStart(
  old: Uint8Array,
  fresh: Uint8Array,
  diagonal: number,
  at: number,
  limit: number,
): number {
  const end = Math.max(limit, -diagonal);
  let [lead, best, bestStart] = [0, 0, at];
  for (let before = at - 1; before >= end; before--) {
    lead += old[before + diagonal] === fresh[before] ? 1 : -1;
    if (lead > best) {
      best = lead;
      bestStart = before;
    }
  }
  return bestStart;
}

/** The position of start…end up to which `first` and from which `second` agrees most. */
function bestBorder(
  old: Uint8Array,
  fresh: Uint8Array,
  first: number,
  second: number,
  start: number,
  end: number,
): number {
  let [lead, best, border] = [0, 0, start];
  for (let at = start; at < end; at++) {
    if (old[at + first] === fresh[at]) lead += 1;
    if (old[at + second] === fresh[at]) lead -= 1;
    if (lead > best) {
      best = lead;
      border = at + 1;
    }
  }
  return border;
}

/** Bytes that agree on a diagonal in the `length` bytes from `at`. */
function agreeing(old: Uint8Array, from: number, fresh: Uint8Array, at: number, length: number): number {
  let count = 0;
  for (let index = 0; index < length; index++) if (old[from + index] === fresh[at + index]) count += 1;
  return count;
}
