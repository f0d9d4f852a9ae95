/**
 * Goes on from the layers of a former image, as ostree-ext does (`basic_packing_with_prior_build`): each
 * component stays in its layer, new ones join the last, and layers without components go, except the last.
 *
 * ostree-ext panics where two components have one name, which multilib systems have. Here they stay
 * together.
 */
import { packCompatible, type SizedComponent } from './compatible.ts';

/** Names of the components of each layer but the first, as in the annotation `ostree.components`. */
export type PriorLayers = readonly (readonly string[])[];

export type PackedLikeBefore<C> = {
  readonly bins: readonly (readonly C[])[];
  /** Why the former layers could not be kept; undefined if they were. */
  readonly discarded: string | undefined;
};

/** Never fails because of the former layers: it packs afresh instead. ERR_LAYER_PLAN below 4 bins. */
export function packLikeBefore<C extends SizedComponent>(
  components: readonly C[],
  bins: number,
  prior: PriorLayers,
): PackedLikeBefore<C> {
  const afresh = packCompatible(components, bins);
  if (prior.length === 0) return { bins: afresh, discarded: 'the former image has no component layers' };
  const byName = Map.groupBy(components, ({ name }) => name);
  const kept = prior.map((names) => [...new Set(names)].flatMap((name) => take(byName, name)));
  const fresh = [...byName.keys()].toSorted().flatMap((name) => take(byName, name));
  const packed = [...kept.slice(0, -1).filter((bin) => bin.length > 0), [...(kept.at(-1) ?? []), ...fresh]];
  if (packed.length > bins)
    return {
      bins: afresh,
      discarded: `the former image has ${packed.length} component layers, more than ${bins}`,
    };
  return { bins: packed, discarded: undefined };
}

/** The components of that name; none the second time. */
function take<C>(byName: Map<string, C[]>, name: string): readonly C[] {
  const found = byName.get(name) ?? [];
  byName.delete(name);
  return found;
}
