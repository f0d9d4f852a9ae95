/** How a benchmark is run. */
import type { Build } from './builds.ts';

export type Setting = {
  readonly rounds: number;
  /** This checkout, and the one to compare it with. */
  readonly builds: readonly [Build, ...Build[]];
  /** Measure a part of the tree where all of it takes minutes. */
  readonly quick: boolean;
};
