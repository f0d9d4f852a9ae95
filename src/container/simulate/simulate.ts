/**
 * Plays a history of commits under several packings: how many bytes each update costs a machine that has the
 * image of the commit before. Layers are compared by the objects and paths in them, which decide their
 * digests; the ostree layer, with all directories, is new in every update.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import { loadCommitObject } from '../../ostree/load.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { type ReadPackagesOptions, readOwnership } from '../../packages/read-packages.ts';
import type { LayerPlan } from '../encapsulate/layer-plan.ts';
import { ownedComponents } from '../packing/components.ts';
import { type LayerPacking, planComponents } from '../packing/plan-components.ts';
import { contentId, type PlanRecord } from '../packing/plan-record.ts';
import { CompressedSizes, metadataBytes } from './compressed-sizes.ts';

export type SimulationOptions = ReadPackagesOptions & {
  readonly packings: readonly LayerPacking[];
  readonly maxLayers: number;
};

export type SimulatedCommit = { readonly name: string; readonly commit: Checksum };

/** What an update costs; the first step is the whole image. */
export type SimulatedUpdate = {
  readonly packing: LayerPacking;
  /** Whether each image goes on from the plan of the one before; else every plan is made afresh. */
  readonly previous: boolean;
  readonly bytes: number;
  readonly layers: number;
  readonly newLayers: number;
  readonly notes: readonly string[];
};

export type SimulatedStep = SimulatedCommit & {
  /** The objects that the commit before does not have, alone. */
  readonly minimum: number;
  readonly updates: readonly SimulatedUpdate[];
};

type Series = {
  readonly packing: LayerPacking;
  readonly previous: boolean;
  record: PlanRecord | undefined;
  layers: ReadonlySet<string>;
};

/** One step for each commit, in order. ERR_LAYER_PLAN for too few layers. */
export async function simulate(
  source: ObjectSource,
  commits: readonly SimulatedCommit[],
  options: SimulationOptions,
): Promise<readonly SimulatedStep[]> {
  const sizes = new CompressedSizes(source);
  const metadata = new Set<string>();
  const series = seriesOf(options.packings);
  const before: { objects: ReadonlySet<Checksum> } = { objects: new Set() };
  const steps: SimulatedStep[] = [];
  for (const each of commits) {
    const plans = await plansOf(source, each.commit, series, options);
    const [first] = plans;
    const objects = new Set(
      first === undefined ? [] : first.plan.flatMap((chunk) => [...chunk.objects.keys()]),
    );
    await sizes.add(objects);
    const { all, fresh } = await metadataBytes(source, each.commit, metadata);
    const updates = plans.map((planned) => updateOf(planned, sizes, all));
    const added = [...objects].filter((checksum) => !before.objects.has(checksum));
    steps.push({ ...each, minimum: sizes.total(added) + fresh, updates });
    before.objects = objects;
  }
  return steps;
}

/** A packing of one layer has no previous plan. */
function seriesOf(packings: readonly LayerPacking[]): readonly Series[] {
  return packings.flatMap((packing) =>
    (packing === 'single' ? [false] : [true, false]).map(
      (previous): Series => ({ packing, previous, record: undefined, layers: new Set() }),
    ),
  );
}

type Planned = { readonly series: Series; readonly plan: LayerPlan; readonly notes: readonly string[] };

async function plansOf(
  source: ObjectSource,
  checksum: Checksum,
  series: readonly Series[],
  { maxLayers, format, warn }: SimulationOptions,
): Promise<readonly Planned[]> {
  const commit = await loadCommitObject(source, checksum);
  const planned: Planned[] = [];
  const kinds = Map.groupBy(series, ({ packing }) => (packing === 'compatible' ? packing : 'stable'));
  const ownership = await readOwnership(source, commit, {
    ...(format && { format }),
    ...(warn && { warn }),
  });
  for (const [packing, members] of kinds) {
    const { components } = await ownedComponents(ownership, packing);
    for (const each of members) {
      const previous = each.previous ? each.record : undefined;
      const found = planComponents(components, {
        packing: each.packing,
        maxLayers,
        ...(previous && { previous }),
      });
      each.record = found.record;
      planned.push({ series: each, ...found });
    }
  }
  return series.flatMap((each) => planned.filter((plan) => plan.series === each));
}

function updateOf(
  { series, plan, notes }: Planned,
  sizes: CompressedSizes,
  metadata: number,
): SimulatedUpdate {
  const { packing, previous, layers: known } = series;
  const [ostree, ...components] = plan;
  const ids = new Set<string>();
  const total = { bytes: metadata + sizes.total(ostree.objects.keys()), layers: 1 };
  for (const { objects } of components) {
    const id = contentId(objects);
    if (!known.has(id) && !ids.has(id)) {
      total.bytes += sizes.total(objects.keys());
      total.layers += 1;
    }
    ids.add(id);
  }
  series.layers = ids;
  return { packing, previous, bytes: total.bytes, layers: plan.length, newLayers: total.layers, notes };
}
