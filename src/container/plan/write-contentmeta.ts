/**
 * The components of a plan as rpm-ostree's `--write-contentmeta-json` writes them, the largest first. `key`,
 * `kind`, `layer` and `layers`, the number of component layers, are treeport's own: with them the file can be
 * the plan of a previous build.
 */
import type { Component } from '../packing/component.ts';
import type { PlannedCommit } from './planned-commit.ts';

export function contentmetaJson(planned: PlannedCommit): Buffer {
  const layerOf = layersOfComponents(planned);
  const entries = planned.components.map((component) => ({
    identifier: component.identifier,
    name: component.name,
    srcid: component.sourceId,
    change_time_offset: component.changeTimeOffset,
    change_frequency: component.changeFrequency,
    size: component.size,
    key: component.key,
    kind: component.kind,
    layer: layerOf.get(component),
    layers: planned.plan.length - 1,
  }));
  return Buffer.from(JSON.stringify(entries));
}

/** The position in the image of the layer of each component. */
export function layersOfComponents({
  plan,
  components,
}: Pick<PlannedCommit, 'plan' | 'components'>): ReadonlyMap<Component, number> {
  return new Map(
    components.map((component) => {
      const [[checksum, [path = '']] = [undefined, []]] = [...component.objects.entries()].slice(0, 1);
      const isHome = ({ objects }: (typeof plan)[number]) =>
        checksum !== undefined && objects.get(checksum)?.includes(path) === true;
      return [component, plan.findIndex(isHome)];
    }),
  );
}
