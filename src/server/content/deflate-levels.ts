/** How well objects are compressed (docs/decisions/0030-deflate-levels.md). */
import type { Level } from '../../ostree/verified-filez.ts';

/** Deflate levels; 0 stores. All are the same if the bytes do not depend on the link. */
export type Levels = {
  /** Where the link takes bytes at once. */
  readonly fast: number;
  /** Where the link is the bottleneck. */
  readonly slow: Level;
  /** Of the canonical form, which is the one in the cache. Objects of a few KiB have no other. */
  readonly canonical: number;
};

export function fixedLevels(level: number): Levels {
  return { fast: level, slow: level, canonical: level };
}
