/**
 * Plans of layers made of components. User components come first, each in a layer of its own, by name; then
 * the layers that the packing makes of the others, of which the last is reserved for components to come.
 * Deterministic: equal components, options and records give equal plans.
 */
import { counted } from '../../base/counted.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { Chunk } from '../../tar/chunk.ts';
import type { LayerPlan } from '../encapsulate/layer-plan.ts';
import { LEAST_BINS, packCompatible } from './compatible.ts';
import { packLikeBefore } from './compatible-prior.ts';
import type { Component } from './component.ts';
import { madeAfresh } from './made-afresh.ts';
import { type PlanRecord, planRecord } from './plan-record.ts';
import { LEAST_STABLE_LAYERS, packStable } from './stable.ts';

/** `compatible`: as ostree-ext; `stable`: what an update is expected to change; `single`: one layer. */
export const LAYER_PACKINGS = ['compatible', 'stable', 'single'] as const;
export type LayerPacking = (typeof LAYER_PACKINGS)[number];

/** Component layers, if nothing is said; the ostree layer is one more. */
export const DEFAULT_MAX_LAYERS = 64;

export type PlanComponentsOptions = {
  readonly packing: LayerPacking;
  /** Component layers, those of user components included. */
  readonly maxLayers?: number;
  /** The plan of the previous build, whose layers are kept as far as that pays. */
  readonly previous?: PlanRecord;
};

export type PlannedComponents = {
  readonly plan: LayerPlan;
  readonly record: PlanRecord;
  /** Lines for people: why a previous plan was not kept, and what moved. */
  readonly notes: readonly string[];
};

/** Throws ERR_LAYER_PLAN if there are too few layers, or a name has a comma. */
export function planComponents(
  components: readonly Component[],
  options: PlanComponentsOptions,
): PlannedComponents {
  if (options.packing === 'single') return planOf(merged(components), [], []);
  const users = components.filter(isUser).toSorted((a, b) => (a.identifier < b.identifier ? -1 : 1));
  const others = components.filter((component) => !isUser(component));
  const { layers, notes } = packOthers(others, users, options);
  return planOf(new Map(), [...users.map((user) => [user]), ...layers], notes);
}

function isUser({ kind }: Component): boolean {
  return kind === 'user';
}

type Packed = { readonly layers: readonly (readonly Component[])[]; readonly notes: readonly string[] };

function packOthers(
  components: readonly Component[],
  users: readonly Component[],
  { packing, maxLayers = DEFAULT_MAX_LAYERS, previous }: PlanComponentsOptions,
): Packed {
  const layers = maxLayers - users.length;
  const least = packing === 'stable' ? LEAST_STABLE_LAYERS : LEAST_BINS;
  const needs = users.length === 0 ? 'packages' : `${counted(users.length, 'user component')} and packages`;
  if (layers < least)
    throw new TreeportError(
      'ERR_LAYER_PLAN',
      `${counted(maxLayers, 'component layer')} ${maxLayers === 1 ? 'is' : 'are'} too few for ${needs}; give at least ${users.length + least}`,
    );
  const prior = previous === undefined ? undefined : withoutUsers(previous, users);
  if (packing === 'stable') return packStable(components, layers, prior);
  if (prior === undefined) return { layers: packCompatible(components, layers), notes: [] };
  const { bins, discarded } = packLikeBefore(components, layers, namesOf(prior, components));
  return { layers: bins, notes: discarded === undefined ? [] : [madeAfresh(discarded)] };
}

/** User components have layers of their own again, or are gone. */
function withoutUsers({ layers }: PlanRecord, users: readonly Component[]): PlanRecord {
  const names = new Set(users.map(({ name }) => name));
  const isUserLayer = ([only]: PlanRecord['layers'][number]) =>
    only?.kind === 'user' || (only?.kind === undefined && names.has(only?.name ?? ''));
  return { layers: layers.filter((members) => !isUserLayer(members)) };
}

/** Layers as lists of names. */
function namesOf({ layers }: PlanRecord, components: readonly Component[]): readonly (readonly string[])[] {
  const names = new Map(components.map(({ kind, key, name }) => [`${kind} ${key}`, name]));
  return layers.map((members) =>
    members.map(({ kind, name }) => (kind === undefined ? name : (names.get(`${kind} ${name}`) ?? name))),
  );
}

/** The plan of these component layers, above an ostree layer without content. */
export function planLayers(
  layers: readonly (readonly Component[])[],
  notes: readonly string[],
): PlannedComponents {
  return planOf(new Map(), layers, notes);
}

function planOf(
  ostree: Chunk['objects'],
  layers: readonly (readonly Component[])[],
  notes: readonly string[],
): PlannedComponents {
  const chunks = layers.map((members) => ({
    name: titleOf(members.map(({ identifier }) => identifier)),
    packages: members.map(({ name }) => name),
    objects: merged(members),
  }));
  return {
    plan: [{ name: '', packages: [], objects: ostree }, ...chunks],
    record: planRecord(layers),
    notes,
  };
}

/** As ostree-ext names chunks. */
function titleOf(identifiers: readonly string[]): string {
  if (identifiers.length === 0) return 'Reserved for new packages';
  return identifiers.length > 5 ? `${identifiers.length} components` : identifiers.join(' and ');
}

function merged(members: readonly Component[]): Chunk['objects'] {
  const objects = new Map<Checksum, readonly string[]>();
  for (const member of members)
    for (const [checksum, paths] of member.objects)
      objects.set(checksum, [...(objects.get(checksum) ?? []), ...paths]);
  return objects;
}
