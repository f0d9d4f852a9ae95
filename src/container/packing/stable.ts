/**
 * Packs components so that the next updates are expected to download least: `--packing stable`
 * (docs/decisions/0115-stable-packing.md).
 *
 * A previous plan is kept, except for moves whose bytes are saved again within some updates; then lines for
 * people tell both figures. The last layer is for newcomers: without packages at first.
 */
import { formatByteSize } from '../../base/byte-size.ts';
import type { Component } from './component.ts';
import { HORIZON_UPDATES } from './expected-cost.ts';
import { improve } from './improve.ts';
import type { LayerDraft } from './layer-draft.ts';
import { madeAfresh } from './made-afresh.ts';
import type { PlanRecord } from './plan-record.ts';
import { freshLayers } from './stable-fresh.ts';
import { keptLayers } from './stable-kept.ts';
import { placesIn, type Unit, unitsOf } from './unit.ts';

/** One for content, one for newcomers. */
export const LEAST_STABLE_LAYERS = 2;

export type StablePacking = {
  readonly layers: readonly (readonly Component[])[];
  readonly notes: readonly string[];
};

/** At most `most` layers, which is at least {@link LEAST_STABLE_LAYERS}. */
export function packStable(
  components: readonly Component[],
  most: number,
  previous: PlanRecord | undefined,
): StablePacking {
  const afresh = () => freshLayers(unitsOf(components, undefined), most);
  if (previous === undefined) return finished(afresh(), most, []);
  const prior = placesIn(previous, components);
  const fault = faultOf(prior.layers, prior.places.size);
  if (fault !== undefined) return finished(afresh(), most, [madeAfresh(fault)]);
  const units = unitsOf(components, prior);
  const kept = keptLayers(units, prior, most);
  if (kept === undefined)
    return finished(afresh(), most, [madeAfresh(`the previous one has more than ${most} layers in use`)]);
  const stay = totals(kept);
  improve(kept);
  const improved = totals(kept);
  const other = afresh();
  const restart = totals(other);
  if (restart.cost < improved.cost) return finished(other, most, [madeAfresh(rebalanced(stay, restart))]);
  const moves = kept.flatMap(({ units, origin }) =>
    [...units].filter((unit) => wasElsewhere(unit, origin.prior)),
  );
  const count = moves.reduce((sum, { members }) => sum + members.length, 0);
  const notes =
    count === 0 ? [] : [`${count} components move to other layers: ${rebalanced(stay, improved)}`];
  return finished(kept, most, notes);
}

function faultOf(layers: number, known: number): string | undefined {
  if (layers === 0) return 'the previous one has no component layers';
  return known === 0 ? 'the previous one has none of the components' : undefined;
}

function wasElsewhere({ prior }: Unit, layer: number | undefined): boolean {
  return prior !== undefined && prior !== layer;
}

type Totals = { readonly moved: number; readonly expected: number; readonly cost: number };

function totals(layers: readonly LayerDraft[]): Totals {
  const sum = (of: (layer: LayerDraft) => number) => layers.reduce((total, layer) => total + of(layer), 0);
  return {
    moved: sum(({ moved }) => moved),
    expected: sum(({ expected }) => expected),
    cost: sum(({ cost }) => cost),
  };
}

function rebalanced(before: Totals, after: Totals): string {
  const more = formatByteSize(Math.max(after.moved - before.moved, 0));
  const less = formatByteSize(Math.max(before.expected - after.expected, 0));
  return `${more} more to download in this update, and ${less} less expected in each of the next ${HORIZON_UPDATES}`;
}

/** Drops empty layers, and adds an empty one for newcomers if the last has members and there is room. */
function finished(drafts: readonly LayerDraft[], most: number, notes: readonly string[]): StablePacking {
  const layers = drafts.map(({ units }) => [...units].flatMap(({ members }) => members));
  const full = layers.filter((members) => members.length > 0).map(sorted);
  const reserved = layers.at(-1)?.length === 0 || full.length < most;
  return { layers: reserved && full.length > 0 ? [...full, []] : full, notes };
}

function sorted(members: readonly Component[]): readonly Component[] {
  return members.toSorted((a, b) => (a.identifier < b.identifier ? -1 : 1));
}
