/** The benchmarks by name, and the names of sets of them. */
import { benchDeltaGenerate } from './commands/delta-generate.ts';
import { benchDiff } from './commands/diff.ts';
import { benchEncapsulate } from './commands/encapsulate.ts';
import { benchEncapsulateLayers } from './commands/encapsulate-layers.ts';
import { benchFsck } from './commands/fsck.ts';
import { benchImport } from './commands/import.ts';
import {
  benchMemory,
  benchMemoryManyObjects,
  benchMemoryRandom,
  benchMemoryZeros,
} from './commands/memory.ts';
import { benchPacking } from './commands/packing.ts';
import { benchReady } from './commands/ready.ts';
import { benchSize } from './commands/size.ts';
import { benchSnapshot } from './commands/snapshot.ts';
import { benchStartup } from './commands/startup.ts';
import { benchTarExport } from './commands/tar-export.ts';
import { benchLink } from './link/check.ts';
import { benchConcurrent } from './pull/concurrent.ts';
import { benchEventLoop } from './pull/event-loop.ts';
import { benchFar, benchFast, benchGigabit, benchLoopback } from './pull/over-link.ts';
import { benchConnections } from './requests/connections.ts';
import { benchLarge, benchSmall8, benchSmall256 } from './requests/rates.ts';
import type { Section } from './result.ts';
import type { Setting } from './setting.ts';

type Bench = (setting: Setting) => Promise<Section>;

export const BENCHES = {
  startup: benchStartup,
  fsck: benchFsck,
  diff: benchDiff,
  encapsulate: benchEncapsulate,
  'encapsulate-layers': benchEncapsulateLayers,
  'tar-export': benchTarExport,
  import: benchImport,
  'delta-generate': benchDeltaGenerate,
  'memory-debian': benchMemory,
  'memory-many-objects': benchMemoryManyObjects,
  'memory-4g-zeros': benchMemoryZeros,
  'memory-4g-random': benchMemoryRandom,
  size: benchSize,
  packing: benchPacking,
  ready: benchReady,
  snapshot: benchSnapshot,
  link: benchLink,
  'pull-loopback': benchLoopback,
  'pull-1g': benchGigabit,
  'pull-100m': benchFast,
  'pull-100m-50ms': benchFar,
  'pull-16': benchConcurrent,
  'event-loop': benchEventLoop,
  'requests-small-8': benchSmall8,
  'requests-small-256': benchSmall256,
  'requests-large': benchLarge,
  connections: benchConnections,
} as const satisfies Readonly<Record<string, Bench>>;

export type BenchName = keyof typeof BENCHES;

const ALL = Object.keys(BENCHES) as BenchName[];

const SETS: Readonly<Record<string, readonly BenchName[]>> = {
  pull: ALL.filter((name) => name.startsWith('pull-')),
  requests: ALL.filter((name) => name.startsWith('requests-')),
  memory: ALL.filter((name) => name.startsWith('memory-')),
};
/** A quick run leaves these out, because another one shows the same. */
const SAME: readonly BenchName[] = ['memory-4g-random', 'size'];

export const NAMES: readonly string[] = [...ALL, ...Object.keys(SETS)];

/** The benchmarks of these names, in the order of the table, or all; undefined if a name means none. */
export function named(names: readonly string[], quick: boolean): readonly BenchName[] | undefined {
  if (names.length === 0) return quick ? ALL.filter((name) => !SAME.includes(name)) : ALL;
  const wanted = names.map((name) => SETS[name] ?? ALL.filter((one) => one === name));
  if (wanted.some((some) => some.length === 0)) return undefined;
  return ALL.filter((name) => wanted.flat().includes(name));
}
