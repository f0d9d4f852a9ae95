/** Moves units between layers as long as that lowers the cost. Deterministic: units and layers in order. */
import type { LayerDraft } from './layer-draft.ts';
import type { Unit } from './unit.ts';

/** The first two do nearly everything. */
const MAX_ROUNDS = 8;
/** Bytes: rounding errors are no gain. */
const LEAST_GAIN = 1024;

export function improve(layers: readonly LayerDraft[]): void {
  const open = layers.filter(({ origin }) => !origin.apart);
  for (let round = 0; round < MAX_ROUNDS; round++) if (!improveOnce(open)) return;
}

function improveOnce(layers: readonly LayerDraft[]): boolean {
  const units = layers.flatMap((layer) => [...layer.units].map((unit) => ({ unit, layer })));
  return units.map(({ unit, layer }) => moveToBest(unit, layer, layers)).includes(true);
}

/** Finds the layer where the unit costs least. Whether the unit moved. */
function moveToBest(unit: Unit, from: LayerDraft, layers: readonly LayerDraft[]): boolean {
  const saved = from.cost - from.costWithout(unit);
  const best: { layer: LayerDraft | undefined; gain: number } = { layer: undefined, gain: LEAST_GAIN };
  for (const layer of layers) {
    if (layer === from) continue;
    const gain = saved - (layer.costWith(unit) - layer.cost);
    if (gain <= best.gain) continue;
    best.layer = layer;
    best.gain = gain;
  }
  if (best.layer === undefined) return false;
  from.remove(unit);
  best.layer.add(unit);
  return true;
}
