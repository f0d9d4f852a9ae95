/** How a benchmark is run. */
import type { Build } from './builds.ts';

export type Setting = {
  readonly rounds: number;
  /** This checkout first. */
  readonly builds: readonly Build[];
  /** Measure a part of the tree where all of it takes minutes. */
  readonly quick: boolean;
};
