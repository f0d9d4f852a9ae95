/**
 * The stable packing that goes on from a previous plan: units stay in their layers, packages that are new
 * join the last layer, and new kernels and the like take the place of those that are gone.
 */
import { LayerDraft, type LayerOrigin } from './layer-draft.ts';
import type { PriorPlaces, Unit } from './unit.ts';

/** At most `most` layers; undefined if the previous plan has more that have members. */
export function keptLayers(
  units: readonly Unit[],
  prior: PriorPlaces,
  most: number,
): readonly LayerDraft[] | undefined {
  const layers = Array.from({ length: prior.layers }, (_, index) => priorLayer(units, prior, index));
  const last = layers.pop() as LayerDraft;
  const kept = layers.filter((layer) => layer.units.size > 0 || claims(layer, prior).length > 0);
  const fresh: LayerDraft[] = [];
  for (const unit of units.filter((unit) => unit.prior === undefined))
    homeOf(unit, kept, prior, fresh, most, last).add(unit);
  const full = [...kept.filter((layer) => layer.units.size > 0), ...fresh];
  if (full.length + 1 > most) return undefined;
  const spare = Array.from({ length: most - full.length - 1 }, () => new LayerDraft(originOf({})));
  return [...full, ...spare, last];
}

function priorLayer(units: readonly Unit[], prior: PriorPlaces, index: number): LayerDraft {
  const members = units.filter((unit) => unit.prior === index);
  const newcomers = index === prior.layers - 1;
  const gone = prior.gone[index] ?? [];
  const apart =
    !newcomers &&
    members.every((unit) => unit.apart) &&
    gone.every((kind) => kind !== undefined && kind !== 'package');
  const layer = new LayerDraft(originOf({ prior: index, lost: gone.length > 0, newcomers, apart }));
  for (const unit of members) layer.keep(unit);
  return layer;
}

/** Kinds of what is gone from a layer without packages, so that others of the kind may come. */
function claims({ origin }: LayerDraft, { gone }: PriorPlaces): readonly unknown[] {
  return origin.apart && origin.prior !== undefined ? (gone[origin.prior] ?? []) : [];
}

function homeOf(
  unit: Unit,
  kept: readonly LayerDraft[],
  prior: PriorPlaces,
  fresh: LayerDraft[],
  most: number,
  last: LayerDraft,
): LayerDraft {
  if (!unit.apart) return last;
  const [{ kind } = { kind: undefined }] = unit.members;
  const successor = kept.find((layer) => claims(layer, prior).includes(kind));
  if (successor !== undefined) return successor;
  if (kept.length + fresh.length + 2 > most) return last;
  const own = new LayerDraft(originOf({ apart: true }));
  fresh.push(own);
  return own;
}

function originOf(origin: Partial<LayerOrigin>): LayerOrigin {
  return { prior: undefined, lost: false, apart: false, newcomers: false, ...origin };
}
