/** The benchmarks by name, and the names of sets of them. */
import { benchDiff } from './diff.ts';
import { benchEncapsulate } from './encapsulate.ts';
import { benchFsck } from './fsck.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { benchFar, benchFast, benchGigabit, benchLoopback } from './pull/over-link.ts';
import { benchReady } from './ready.ts';
import type { Section } from './result.ts';
import type { Setting } from './setting.ts';
import { benchSize } from './size.ts';

type Bench = (setting: Setting) => Promise<Section>;

export const BENCHES = {
  fsck: benchFsck,
  diff: benchDiff,
  encapsulate: benchEncapsulate,
  import: benchImport,
  memory: benchMemory,
  size: benchSize,
  ready: benchReady,
  'pull-loopback': benchLoopback,
  'pull-1g': benchGigabit,
  'pull-100m': benchFast,
  'pull-100m-50ms': benchFar,
} as const satisfies Readonly<Record<string, Bench>>;

export type BenchName = keyof typeof BENCHES;

const ALL = Object.keys(BENCHES) as BenchName[];

const SETS: Readonly<Record<string, readonly BenchName[]>> = {
  pull: ALL.filter((name) => name.startsWith('pull-')),
};

export const NAMES: readonly string[] = [...ALL, ...Object.keys(SETS)];

/** The benchmarks of these names, in the order of the table, or all; undefined if a name means none. */
export function named(names: readonly string[]): readonly BenchName[] | undefined {
  const wanted = names.map((name) => SETS[name] ?? ALL.filter((one) => one === name));
  if (wanted.some((some) => some.length === 0)) return undefined;
  return names.length === 0 ? ALL : ALL.filter((name) => wanted.flat().includes(name));
}
