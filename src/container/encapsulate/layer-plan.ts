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
  const unplanned = new UnplannedPlaces(objects);
  for (const layer of plan) checkComponents(layer);
  for (const { name, objects } of plan) {
    for (const [checksum, paths] of objects) {
      for (const path of paths) {
        if (unplanned.take(checksum, path)) continue;
        throw planFault(
          `layer "${name}" has ${path} (${checksum}), which is not in the commit, or planned twice`,
        );
      }
    }
  }
  for (const [checksum, path] of unplanned) throw planFault(`no layer has ${path} (${checksum})`);
}

/** Most objects have one path, so only the others take a Set. */
class UnplannedPlaces {
  readonly #objects = new Map<Checksum, string | Set<string>>();

  constructor(objects: ChunkObjects) {
    for (const [checksum, paths] of objects)
      this.#objects.set(checksum, paths.length === 1 ? (paths[0] as string) : new Set(paths));
  }

  /** False if it is not there, or was taken before. */
  take(checksum: Checksum, path: string): boolean {
    const left = this.#objects.get(checksum);
    if (typeof left === 'object') return left.delete(path);
    return left === path && this.#objects.delete(checksum);
  }

  *[Symbol.iterator](): Generator<readonly [Checksum, string]> {
    for (const [checksum, left] of this.#objects)
      for (const path of typeof left === 'object' ? left : [left]) yield [checksum, path];
  }
}

function checkComponents({ name, packages }: Chunk): void {
  const bad = packages.find((component) => component === '' || component.includes(','));
  if (bad === undefined) return;
  throw planFault(`layer "${name}" has the component ${JSON.stringify(bad)}: names have no commas`);
}

function planFault(what: string): TreeportError {
  return new TreeportError('ERR_LAYER_PLAN', `the plan of layers does not fit the commit: ${what}`);
}
