/**
 * The stable packing without a previous plan: kernels, initramfs, database, configuration and unpackaged
 * content have layers of their own, and the sources of packages are cut into runs of least expected cost.
 *
 * In the best packing two layers are told apart by the ratio of rate to size: moving a unit from layer A to B
 * changes the cost by size · (P_B − P_A) + rate · (S_B − S_A), to the first order. So the runs are of that
 * order, and single moves then make up for what the first order leaves out.
 */
import { changeChance, expectedBytes, LAYER_OVERHEAD } from './expected-cost.ts';
import { improve } from './improve.ts';
import { LayerDraft, type LayerOrigin } from './layer-draft.ts';
import { cheapestRuns } from './partition.ts';
import type { Unit } from './unit.ts';

const FRESH: LayerOrigin = { prior: undefined, lost: false, apart: false, newcomers: false };
const APART: LayerOrigin = { ...FRESH, apart: true };

/** At most `most` layers, of which the last is empty, for newcomers. */
export function freshLayers(units: readonly Unit[], most: number): readonly LayerDraft[] {
  const content = most - 1;
  const packages = units.filter(({ apart }) => !apart);
  const others = units.filter(({ apart }) => apart);
  if (content === 1) return [draftOf(units, APART), new LayerDraft({ ...FRESH, newcomers: true })];
  const room = packages.length === 0 ? content : Math.max(1, Math.floor(content / 2));
  const homes = mergeDown(
    others.map((unit) => [unit]),
    room,
  ).map((home) => draftOf(home, APART));
  const runs = runsOf(packages, content - homes.length).map((run) => draftOf(run, FRESH));
  improve(runs);
  return [...runs, ...homes, new LayerDraft({ ...FRESH, newcomers: true })];
}

function draftOf(units: readonly Unit[], origin: LayerOrigin): LayerDraft {
  const draft = new LayerDraft(origin);
  for (const unit of units) draft.add(unit);
  return draft;
}

function runsOf(units: readonly Unit[], most: number): readonly (readonly Unit[])[] {
  const sorted = units.toSorted((a, b) => ratio(a) - ratio(b) || (a.group < b.group ? -1 : 1));
  const sizes = sums(sorted.map(({ size }) => size));
  const rates = sums(sorted.map(({ rate }) => rate));
  const between = (list: readonly number[], from: number, to: number) =>
    (list[to] as number) - (list[from] as number);
  const ends = cheapestRuns(
    sorted.length,
    most,
    (from, to) => (between(sizes, from, to) + LAYER_OVERHEAD) * changeChance(between(rates, from, to)),
  );
  return ends.map((end, index) => sorted.slice(ends[index - 1] ?? 0, end));
}

/** Sums of the first 0, 1, … numbers. */
function sums(numbers: readonly number[]): readonly number[] {
  const found = [0];
  for (const each of numbers) found.push((found.at(-1) as number) + each);
  return found;
}

function ratio({ rate, size }: Unit): number {
  return rate / (size + 1);
}

/** Merges the pair that adds least to the expected cost, until there are at most `most`. */
function mergeDown(homes: readonly (readonly Unit[])[], most: number): readonly (readonly Unit[])[] {
  if (homes.length <= most) return homes;
  const pairs = homes.flatMap((a, index) =>
    homes.slice(index + 1).map((b) => ({ a, b, cost: costOf([...a, ...b]) - costOf(a) - costOf(b) })),
  );
  const { a, b } = pairs.reduce((least, pair) => (pair.cost < least.cost ? pair : least));
  return mergeDown([...homes.filter((home) => home !== a && home !== b), [...a, ...b]], most);
}

function costOf(units: readonly Unit[]): number {
  return expectedBytes(units.flatMap(({ members }) => members));
}
