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
import { benchSnapshotExtract, benchSnapshotHistory, benchSnapshotMemory } from './commands/snapshot.ts';
import { benchStartup } from './commands/startup.ts';
import { benchTarExport } from './commands/tar-export.ts';
import { benchLink } from './link/check.ts';
import { LINKS } from './link/links.ts';
import { benchConcurrent } from './pull/concurrent.ts';
import { benchEventLoop } from './pull/event-loop.ts';
import { hasNewerOstree } from './pull/newer-ostree.ts';
import { benchFar, benchFast, benchGigabit, benchLoopback, benchVirtual } from './pull/over-link.ts';
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
  'snapshot-extract': benchSnapshotExtract,
  'snapshot-history': benchSnapshotHistory,
  'snapshot-memory': benchSnapshotMemory,
  link: benchLink,
  'pull-loopback': benchLoopback,
  'pull-1g': benchGigabit,
  'pull-100m': benchFast,
  'pull-100m-50ms': benchFar,
  'virtual-loopback': (setting) => benchVirtual(LINKS.loopback, setting, { lan: 0.85 }),
  'virtual-1g': (setting) => benchVirtual(LINKS.gigabit, setting, { wan: 1.25 }),
  'virtual-100m': (setting) => benchVirtual(LINKS.fast, setting, { wan: 0.87 }),
  'virtual-100m-50ms': (setting) => benchVirtual(LINKS.far, setting, { wan: 0.18 }),
  'pull-16': benchConcurrent,
  'event-loop': benchEventLoop,
  'requests-small-8': benchSmall8,
  'requests-small-256': benchSmall256,
  'requests-large': benchLarge,
  connections: benchConnections,
} as const satisfies Readonly<Record<string, Bench>>;

export type BenchName = keyof typeof BENCHES;

const ALL = Object.keys(BENCHES) as BenchName[];

/** Virtual deltas need a newer ostree. */
const POSSIBLE = ALL.filter((name) => hasNewerOstree() || !name.startsWith('virtual-'));

const SETS: Readonly<Record<string, readonly BenchName[]>> = {
  pull: ALL.filter((name) => name.startsWith('pull-')),
  virtual: ALL.filter((name) => name.startsWith('virtual-')),
  requests: ALL.filter((name) => name.startsWith('requests-')),
  memory: ALL.filter((name) => name.startsWith('memory-')),
  snapshot: ALL.filter((name) => name.startsWith('snapshot-')),
};
/** A quick run leaves these out, because another one shows the same. */
const SAME: readonly BenchName[] = [
  'memory-4g-random',
  'size',
  'virtual-loopback',
  'virtual-1g',
  'virtual-100m',
];

export const NAMES: readonly string[] = [...ALL, ...Object.keys(SETS)];

/** The benchmarks of these names, in the order of the table, or all; undefined if a name means none. */
export function named(names: readonly string[], quick: boolean): readonly BenchName[] | undefined {
  if (names.length === 0) return POSSIBLE.filter((name) => !quick || !SAME.includes(name));
  const wanted = names.map((name) => SETS[name] ?? ALL.filter((one) => one === name));
  if (wanted.some((some) => some.length === 0)) return undefined;
  return ALL.filter((name) => wanted.flat().includes(name));
}
