/**
 * What the history entry of a layer says of it, as JSON in its `comment`: the layer's key and the components
 * in it. Pushes may drop annotations, but keep the config. A label would need 4096 bytes at most, because
 * containerd refuses longer ones (docs/decisions/0117-where-plans-are-kept.md).
 *
 *     {"treeport.layer":{"components":[{"content":…,"kind":…,"name":…},…],"key":…}}
 */
import { canonicalJson } from '../oci/model/canonical-json.ts';
import type { LayerKey } from './encapsulate/layer-key.ts';
import { COMPONENT_KINDS, type ComponentKind } from './packing/component.ts';
import type { PlanMember } from './packing/plan-record.ts';

export type LayerComment = {
  readonly key: LayerKey;
  /** Undefined in the ostree layer. */
  readonly components: readonly PlanMember[] | undefined;
};

const MEMBER = 'treeport.layer';
const KEY = /^[0-9a-f]{64}$/;

export function formatLayerComment({ key, components }: LayerComment): string {
  const members = components?.map(({ name, kind, content }) => ({ name, kind, content }));
  return canonicalJson({ [MEMBER]: { components: members, key } }).toString();
}

/** Undefined for any other comment. */
export function parseLayerComment(comment: unknown): LayerComment | undefined {
  if (typeof comment !== 'string' || !comment.startsWith(`{"${MEMBER}":`)) return undefined;
  try {
    const { key, components } = JSON.parse(comment)[MEMBER];
    if (typeof key !== 'string' || !KEY.test(key)) return undefined;
    if (components === undefined) return { key, components };
    return Array.isArray(components) && components.every(isMember) ? { key, components } : undefined;
  } catch {
    return undefined;
  }
}

function isMember(value: unknown): value is PlanMember {
  if (typeof value !== 'object' || value === null) return false;
  const { name, kind, content } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    (kind === undefined || COMPONENT_KINDS.includes(kind as ComponentKind)) &&
    (content === undefined || typeof content === 'string')
  );
}
