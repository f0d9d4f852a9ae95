/**
 * Distributes components over layers exactly as ostree-ext does, in the same order: `--packing compatible`.
 * Images built by both have the same layers, and each can go on from the other's.
 *
 * Source: ostree-ext's chunking.rs (`basic_packing`, `get_partitions_with_threshold`). Components that change
 * with every build share a layer; of the others, large outliers get one each, small ones share one, and the
 * rest is cut into runs by frequency and size. The last layer is reserved for components to come.
 *
 * Where ostree-ext panics, this goes on: a class without components has no layers, and a run length below
 * zero, which wraps around there, is one run for each class.
 */
import { TreeportError } from '../../base/errors.ts';

export type SizedComponent = {
  /** Unique. */
  readonly identifier: string;
  /** For people, and for the annotation `ostree.components`. */
  readonly name: string;
  /** Changelog entries in a year; {@link EVERY_BUILD} for what every build changes. */
  readonly changeFrequency: number;
  /** Bytes of its content objects. */
  readonly size: number;
};

/** The largest u32. */
export const EVERY_BUILD = 4_294_967_295;

type Bin<C> = readonly C[];

export const LEAST_BINS = 4;
/** Of the bins that are not set aside; a 32-bit float in ostree-ext. */
const LARGE_SHARE = Math.fround(0.6);
/** Deviations from the middle that make an outlier. */
const THRESHOLD = 2;

/** One list of components for each layer, at most `bins`. Throws ERR_LAYER_PLAN below 4 bins. */
export function packCompatible<C extends SizedComponent>(
  components: readonly C[],
  bins: number,
): readonly Bin<C>[] {
  if (bins < LEAST_BINS)
    throw new TreeportError(
      'ERR_LAYER_PLAN',
      `the compatible packing needs at least ${LEAST_BINS} component layers, and has ${bins}; raise the number of layers`,
    );
  const sorted = components.toSorted(
    (a, b) => b.size - a.size || (a.identifier < b.identifier ? -1 : a.identifier > b.identifier ? 1 : 0),
  );
  if (sorted.length < bins) return sorted.length === 0 ? [] : [...sorted.map((component) => [component]), []];
  const always = sorted.filter(({ changeFrequency }) => changeFrequency === EVERY_BUILD);
  const others = sorted.filter(({ changeFrequency }) => changeFrequency !== EVERY_BUILD);
  const ends = always.length > 0 ? 2 : 1;
  const packed = others.length === 0 ? [] : packOthers(others, bins, ends);
  return [...packed, ...(always.length > 0 ? [always] : []), []];
}

/** Packs into `bins - ends` bins: the last ones are set aside, and one more is for small components. */
function packOthers<C extends SizedComponent>(others: Bin<C>, bins: number, ends: number): readonly Bin<C>[] {
  const large = Math.floor(Math.fround(LARGE_SHARE * Math.fround(bins - ends - 1)));
  const medium = bins - large - ends - 1;
  const { single, small, classes } = partition(others, large);
  const run = Math.trunc((others.length - large - small.length) / medium);
  const packed: Bin<C>[] = single.map((component) => [component]);
  if (small.length > 0) packed.push(small);
  for (const members of classes)
    packed.push(...cut(members, others.length < large + small.length ? Infinity : run));
  mergeDown(packed, bins - ends, large);
  return packed;
}

type Partition<C> = {
  readonly single: Bin<C>;
  readonly small: Bin<C>;
  /** By frequency from high to low, then size: high, low, medium. */
  readonly classes: readonly Bin<C>[];
};

function partition<C extends SizedComponent>(components: Bin<C>, large: number): Partition<C> {
  const sizes = components.map(({ size }) => size);
  const middle = median(sizes);
  const deviation = median(sizes.map((size) => Math.abs(size - middle)));
  const isLarge = ({ size }: SizedComponent) => size >= middle + THRESHOLD * deviation;
  const isSmall = ({ size }: SizedComponent) => size <= 0.5 * Math.abs(middle - THRESHOLD * deviation);
  const outliers = components.filter(isLarge);
  const inner = components.filter((component) => !isLarge(component));
  const rest = [...outliers.slice(large), ...inner.filter((component) => !isSmall(component))];
  return {
    single: outliers.slice(0, large),
    small: inner.filter(isSmall),
    classes: classesOf(rest.toSorted((a, b) => a.changeFrequency - b.changeFrequency)),
  };
}

function classesOf<C extends SizedComponent>(components: Bin<C>): readonly Bin<C>[] {
  const frequency = rankBy(components.map(({ changeFrequency }) => changeFrequency));
  const size = rankBy(components.map((component) => component.size));
  const classes = Map.groupBy(
    components,
    (component) => `${frequency(component.changeFrequency)}${size(component.size)}`,
  );
  return ['hh', 'hl', 'hm', 'mh', 'ml', 'mm', 'lh', 'll', 'lm'].flatMap((name) => {
    const members = classes.get(name);
    return members === undefined ? [] : [members];
  });
}

/** High, low or medium, by mean and standard deviation. */
function rankBy(values: readonly number[]): (value: number) => 'h' | 'l' | 'm' {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (mean - value) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  const [low, high] = [0.5 * Math.abs(mean - THRESHOLD * deviation), mean + THRESHOLD * deviation];
  return (value) => (value >= high ? 'h' : value <= low ? 'l' : 'm');
}

/** Runs of `length`; a length of 0 gives an empty bin, and then single ones, as in ostree-ext. */
function cut<C>(members: Bin<C>, length: number): readonly Bin<C>[] {
  const bins: C[][] = [[]];
  for (const component of members) {
    const last = bins.at(-1) as C[];
    if (last.length >= length) bins.push([component]);
    else last.push(component);
  }
  return bins;
}

/** Merges neighbours from the end until at most `limit` bins are left; the first `singles` stay. */
function mergeDown<C>(bins: Bin<C>[], limit: number, singles: number): void {
  while (bins.length > limit) {
    const before = bins.length;
    const first = 1 + singles;
    const last = bins.length - 2;
    for (let at = last - ((last - first) % 2); at >= first && bins.length > limit; at -= 2) {
      const merged = [...(bins[at - 1] ?? []), ...(bins[at] ?? [])];
      bins.splice(at - 1, 2);
      // ostree-ext inserts behind the bin that moved up.
      bins.splice(at, 0, merged);
    }
    if (bins.length === before)
      throw new TreeportError(
        'ERR_LAYER_PLAN',
        `the components do not fit ${limit} layers; raise the number of layers`,
      );
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : 0.5 * ((sorted[half - 1] ?? 0) + upper);
}
