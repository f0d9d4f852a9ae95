/**
 * What `--packing stable` moves as one: the packages of one source that were in one layer before, because
 * they change together; every other component alone.
 */
import type { Component } from './component.ts';
import { contentId, type PlanRecord } from './plan-record.ts';

export type Unit = {
  readonly members: readonly Component[];
  /** Units of one group change together. */
  readonly group: string;
  readonly size: number;
  /** Changes a year of the group. */
  readonly rate: number;
  /** Layer of the previous plan; undefined for newcomers. */
  readonly prior: number | undefined;
  /** Its content is known to differ from that in the previous build. */
  readonly altered: boolean;
  /** Has a layer without packages, if there are enough. */
  readonly apart: boolean;
};

/** How a previous plan fits the components. */
export type PriorPlaces = {
  readonly layers: number;
  /** Members of each layer that are gone, by kind; undefined where a record does not tell the kind. */
  readonly gone: readonly (readonly (Component['kind'] | undefined)[])[];
  readonly places: ReadonlyMap<Component, { readonly layer: number; readonly altered: boolean }>;
};

/** A component that two layers claim stays in the first. */
export function placesIn({ layers }: PlanRecord, components: readonly Component[]): PriorPlaces {
  const byKey = Map.groupBy(components, ({ kind, key }) => `${kind} ${key}`);
  const byName = Map.groupBy(components, ({ name }) => name);
  const places = new Map<Component, { readonly layer: number; readonly altered: boolean }>();
  const gone = layers.map((members, layer) => {
    const contents = new Set(members.flatMap(({ content }) => content ?? []));
    return members.flatMap(({ kind, name, content }) => {
      const known = kind === undefined ? byName.get(name) : byKey.get(`${kind} ${name}`);
      for (const component of known ?? []) {
        const altered = content !== undefined && !contents.has(contentId(component.objects));
        if (!places.has(component)) places.set(component, { layer, altered });
      }
      return known?.some((component) => places.get(component)?.layer === layer) ? [] : [kind];
    });
  });
  return { layers: layers.length, gone, places };
}

/** Sorted by group. */
export function unitsOf(components: readonly Component[], prior: PriorPlaces | undefined): readonly Unit[] {
  const rates = new Map<string, number>();
  for (const each of components)
    rates.set(groupOf(each), Math.max(rates.get(groupOf(each)) ?? 0, each.changeRate));
  const together = Map.groupBy(
    components,
    (each) => `${groupOf(each)} ${prior?.places.get(each)?.layer ?? 'new'}`,
  );
  const units = [...together.values()].map((members): Unit => {
    const [first] = members as [Component, ...Component[]];
    return {
      members: members.toSorted((a, b) => (a.identifier < b.identifier ? -1 : 1)),
      group: groupOf(first),
      size: members.reduce((sum, { size }) => sum + size, 0),
      rate: rates.get(groupOf(first)) ?? 0,
      prior: prior?.places.get(first)?.layer,
      altered: members.some((each) => prior?.places.get(each)?.altered),
      apart: first.kind !== 'package',
    };
  });
  return units.toSorted((a, b) =>
    a.group < b.group ? -1 : a.group > b.group ? 1 : (a.prior ?? -1) - (b.prior ?? -1),
  );
}

function groupOf({ kind, group }: Component): string {
  return `${kind} ${group}`;
}
