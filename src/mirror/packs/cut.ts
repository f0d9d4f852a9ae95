/**
 * Where packs end. The objects come in the order of the tree, and whether a pack ends after an object depends
 * on that object alone, but for limits of a pack's size. So a change of the tree changes the packs that it
 * touches, and the others keep their bytes from build to build.
 */
import type { Checksum } from '../../ostree/checksum.ts';

const SMALLEST_TARGET = 4 * 1024 * 1024;
/** Of packs of the target size; there are up to four times as many. */
const MOST_PACKS = 12;
const LIMITS = 4;

/** The size of packs to aim at, for objects of `bytes` in all: a power of two, so that it seldom changes. */
export function packTarget(bytes: number): number {
  let target = SMALLEST_TARGET;
  while (bytes > MOST_PACKS * target) target *= 2;
  return target;
}

/** Whether the pack, which now has `filled` bytes, ends after this object of `length` bytes. */
export function endsPack(
  object: { readonly checksum: Checksum; readonly length: number },
  filled: number,
  target: number,
): boolean {
  if (filled < target / LIMITS) return false;
  if (filled >= target * LIMITS) return true;
  // The chance is the object's share of the target, so that packs reach it on average.
  return Number.parseInt(object.checksum.slice(0, 8), 16) / 2 ** 32 < object.length / target;
}
