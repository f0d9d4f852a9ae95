/**
 * Plans of layers: which objects of a commit go into which layer of its image. The ostree layer comes first;
 * besides its own objects it has the commit and all its directories. Component layers follow. An object with
 * several paths may be in several layers, each with some of the paths.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Chunk, ChunkObjects } from '../../tar/chunk.ts';

export type LayerPlan = readonly [ostree: Chunk, ...components: Chunk[]];

/** Distributes a commit's content objects. Equal objects must give equal plans. */
export type PlanLayers = (objects: ChunkObjects) => LayerPlan | Promise<LayerPlan>;

/** One layer for the whole commit. Its history entry is the commit's, so the name is never shown. */
export function wholeCommit(objects: ChunkObjects): LayerPlan {
  return [{ name: '', packages: [], objects }];
}

/** Throws ERR_LAYER_PLAN unless the layers have each path of the commit exactly once. */
export function checkPlan(plan: LayerPlan, objects: ChunkObjects): void {
  const unplanned = new Map([...objects].map(([checksum, paths]) => [checksum, new Set(paths)]));
  for (const layer of plan) checkComponents(layer);
  for (const { name, objects } of plan) {
    for (const [checksum, path] of placesOf(objects)) {
      if (unplanned.get(checksum)?.delete(path)) continue;
      throw planFault(
        `layer "${name}" has ${path} (${checksum}), which is not in the commit, or planned twice`,
      );
    }
  }
  for (const [checksum, path] of placesOf(unplanned)) {
    throw planFault(`no layer has ${path} (${checksum})`);
  }
}

function checkComponents({ name, packages }: Chunk): void {
  const bad = packages.find((component) => component === '' || component.includes(','));
  if (bad === undefined) return;
  throw planFault(`layer "${name}" has the component ${JSON.stringify(bad)}: names have no commas`);
}

function* placesOf(objects: ReadonlyMap<Checksum, Iterable<string>>): Generator<readonly [Checksum, string]> {
  for (const [checksum, paths] of objects) for (const path of paths) yield [checksum, path];
}

function planFault(what: string): TreeportError {
  return new TreeportError('ERR_LAYER_PLAN', `the plan of layers does not fit the commit: ${what}`);
}
