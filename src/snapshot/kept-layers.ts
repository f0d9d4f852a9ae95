/**
 * Which layers of objects of the previous snapshot stay. A layer stays with the objects in it that are not
 * needed any more, because rewriting it would cost more than carrying them; if they become too many, or the
 * layers do, some are written again:
 *
 * | rule | |
 * |---|---|
 * | nothing in a layer is needed | it is left out |
 * | more than half of its bytes are not needed | it is written again |
 * | a quarter of all bytes, or 400 objects, are not needed | the worst layers are written again |
 * | more layers than allowed | the smallest are written again, until half as many are left |
 */
import type { ListedObject, ObjectLayer } from '../mirror/carried/object-list.ts';

export type KeptLayers = {
  readonly kept: readonly ObjectLayer[];
  /** What is written again, and why. */
  readonly rewritten: readonly RewrittenLayer[];
};

export type RewrittenLayer = {
  readonly layer: ObjectLayer;
  readonly why: 'dead' | 'many';
};

const MOST_DEAD_IN_LAYER = 1 / 2;
const MOST_DEAD = 1 / 4;
/** Each needs a whiteout. */
const MOST_DEAD_OBJECTS = 400;

type Needs = (object: ListedObject) => boolean;

type Weighed = {
  readonly layer: ObjectLayer;
  readonly living: number;
  readonly dead: number;
  readonly deadObjects: number;
};

/** `needs`: whether an object is needed; `most`: the most layers to keep. */
export function keepLayers(layers: readonly ObjectLayer[], needs: Needs, most: number): KeptLayers {
  const weighed = layers
    .filter(({ kind }) => kind === 'objects')
    .map((layer) => weigh(layer, needs))
    .filter(({ living }) => living > 0);
  const dead = new Set(tooDead(weighed));
  const left = weighed.filter((layer) => !dead.has(layer));
  const many = new Set(
    left.length <= most
      ? []
      : left.toSorted((a, b) => a.living - b.living).slice(0, left.length - Math.floor(most / 2)),
  );
  return {
    kept: left.filter((layer) => !many.has(layer)).map(({ layer }) => layer),
    rewritten: [
      ...[...dead].map(({ layer }) => ({ layer, why: 'dead' as const })),
      ...[...many].map(({ layer }) => ({ layer, why: 'many' as const })),
    ],
  };
}

/** An empty file counts as well. */
function weigh(layer: ObjectLayer, needs: Needs): Weighed {
  const sum = { living: 0, dead: 0, deadObjects: 0 };
  for (const object of layer.objects) {
    const isAlive = needs(object);
    sum[isAlive ? 'living' : 'dead'] += Math.max(1, object.length);
    if (!isAlive) sum.deadObjects += 1;
  }
  return { layer, ...sum };
}

function tooDead(layers: readonly Weighed[]): readonly Weighed[] {
  const byShare = layers.toSorted((a, b) => deadShare(b) - deadShare(a));
  const left = {
    dead: total(layers, ({ dead }) => dead),
    all: total(layers, ({ dead, living }) => dead + living),
    objects: total(layers, ({ deadObjects }) => deadObjects),
  };
  return byShare.filter((layer) => {
    const { dead, living, deadObjects } = layer;
    const isOver = left.dead > MOST_DEAD * left.all || left.objects > MOST_DEAD_OBJECTS;
    if (dead === 0 || (deadShare(layer) <= MOST_DEAD_IN_LAYER && !isOver)) return false;
    left.dead -= dead;
    left.all -= dead + living;
    left.objects -= deadObjects;
    return true;
  });
}

function deadShare({ living, dead }: Weighed): number {
  return dead / (living + dead);
}

function total(layers: readonly Weighed[], value: (layer: Weighed) => number): number {
  return layers.reduce((sum, layer) => sum + value(layer), 0);
}
