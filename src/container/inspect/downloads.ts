/**
 * What a machine that has one image must download for another, layer by layer and component by component: why
 * each component comes along.
 */
import type { Digest } from '../../oci/model/descriptor.ts';
import type { PlanMember } from '../packing/plan-record.ts';
import type { LayerInfo } from './layers.ts';

export type ComponentDownload = {
  /** With the architecture, if the images were made by treeport. */
  readonly name: string;
  /**
   * `changed`: its content is another. `moved`: it was in another layer. `carried`: it is the same, but
   * shares a layer with something else. `unknown`: the images do not tell.
   */
  readonly why: 'added' | 'changed' | 'moved' | 'carried' | 'unknown';
};

export type LayerDownload = {
  readonly digest: Digest;
  readonly kind: LayerInfo['kind'];
  /** Compressed bytes. */
  readonly size: number;
  readonly components: readonly ComponentDownload[];
};

/** The layers of the second image that the first does not have, in order, each once. */
export function downloadsOf(
  before: readonly LayerInfo[],
  after: readonly LayerInfo[],
): readonly LayerDownload[] {
  const present = new Set(before.map(({ digest }) => digest));
  // Names in annotations lack the architecture.
  const membersOf = [...before, ...after].every(isDetailed) ? detailed : named;
  const old = membersByName(before, membersOf);
  const fresh = after.filter(
    ({ digest }, index) =>
      !present.has(digest) && after.findIndex((other) => other.digest === digest) === index,
  );
  return fresh.map((layer) => {
    const { digest, kind, size } = layer;
    const members = membersOf(layer);
    const components = members.map((member) => ({ name: member.name, why: reason(member, members, old) }));
    return { digest, kind, size, components };
  });
}

type Members = readonly PlanMember[];

function isDetailed({ kind, members }: LayerInfo): boolean {
  return kind !== 'component' || members !== undefined;
}

function detailed({ members = [] }: LayerInfo): Members {
  return members;
}

function named({ components }: LayerInfo): Members {
  return components.map((name) => ({ name }));
}

type Old = { readonly member: PlanMember; readonly neighbours: ReadonlySet<string> };

function membersByName(
  layers: readonly LayerInfo[],
  membersOf: (layer: LayerInfo) => Members,
): ReadonlyMap<string, Old> {
  return new Map(
    layers.flatMap((layer) => {
      const members = membersOf(layer);
      const neighbours = new Set(members.map(nameOf));
      return members.map((member): [string, Old] => [nameOf(member), { member, neighbours }]);
    }),
  );
}

function reason(member: PlanMember, layer: Members, old: ReadonlyMap<string, Old>): ComponentDownload['why'] {
  const known = old.get(nameOf(member));
  if (known === undefined) return 'added';
  if (member.content === undefined || known.member.content === undefined) return 'unknown';
  if (member.content !== known.member.content) return 'changed';
  const stayed = layer.filter((other) => known.neighbours.has(nameOf(other))).length;
  return 2 * stayed >= layer.length ? 'carried' : 'moved';
}

function nameOf({ name, kind }: PlanMember): string {
  return `${kind ?? ''} ${name}`;
}
