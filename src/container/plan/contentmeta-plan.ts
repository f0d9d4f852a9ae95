/**
 * The layers that a contentmeta file of ostree-ext lists, in its order, and an empty one for components to
 * come, as ostree-ext makes them.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { commitObjects } from '../../tar/chunk.ts';
import { EVERY_BUILD } from '../packing/compatible.ts';
import type { Component } from '../packing/component.ts';
import { planLayers } from '../packing/plan-components.ts';
import { contentFault, type MappedContent } from './contentmeta.ts';
import type { PlannedCommit } from './planned-commit.ts';

/** The one id that ostree-ext treats as content that every build changes. */
const UNPACKAGED = 'unpackaged';

/** ERR_CONTENTMETA if an object is not mapped, or a layer has none. */
export async function planByMapping(
  source: ObjectSource,
  commit: Checksum,
  contentmeta: MappedContent,
): Promise<PlannedCommit> {
  const { layers, mapping, path, created, labels } = contentmeta;
  const objects = new Map([...layers.keys()].map((id) => [id, new Map<Checksum, readonly string[]>()]));
  const all = await commitObjects(source, commit);
  for (const [checksum, paths] of all) {
    const layer = objects.get(mapping.get(checksum) ?? '');
    if (layer === undefined)
      throw contentFault(path, `it does not map object ${checksum} (${paths[0]}) to a layer`);
    layer.set(checksum, paths);
  }
  const components: Component[] = [];
  for (const [id, name] of layers) {
    const content = objects.get(id) ?? new Map();
    if (content.size === 0)
      throw contentFault(path, `no object of the commit is in its layer ${JSON.stringify(id)}`);
    components.push(await componentOf(source, { id, name, content }));
  }
  const unknown = [...mapping.keys()].filter((checksum) => !all.has(checksum)).length;
  const notes = unknown === 0 ? [] : [`${path} maps ${unknown} objects that the commit does not have`];
  const planned = planLayers([...components.map((component) => [component]), []], notes);
  return { packing: 'contentmeta', components, created, labels, ...planned };
}

type MappedLayer = { readonly id: string; readonly name: string; readonly content: Component['objects'] };

async function componentOf(source: ObjectSource, { id, name, content }: MappedLayer): Promise<Component> {
  const state = { size: 0 };
  for (const checksum of content.keys()) state.size += (await source.content(checksum)).size;
  const isUnpackaged = id === UNPACKAGED;
  return {
    identifier: id,
    name,
    key: id,
    kind: isUnpackaged ? 'unpackaged' : 'package',
    group: id,
    sourceId: id,
    changeFrequency: isUnpackaged ? EVERY_BUILD : 1,
    changeRate: isUnpackaged ? 26 : 1,
    changeTimeOffset: 1,
    size: state.size,
    objects: content,
  };
}
