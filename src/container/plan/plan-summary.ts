/** What a plan costs: the layers with their members and sizes, and what an update is expected to download. */
import type { Component } from '../packing/component.ts';
import { changeChance, expectedBytes, layerRate, UPDATE_YEARS } from '../packing/expected-cost.ts';
import type { PlannedCommit } from './planned-commit.ts';
import { layersOfComponents } from './write-contentmeta.ts';

export type PlannedLayerSummary = {
  /** Its position in the image; the ostree layer is 0. */
  readonly layer: number;
  readonly name: string;
  /** Identifiers, the largest first. */
  readonly components: readonly string[];
  /** Bytes of the content, before compression. */
  readonly size: number;
  /** The chance that an update changes the layer, from 0 to 1. */
  readonly chance: number;
  /** Bytes that an update is expected to download of it, before compression. */
  readonly expected: number;
};

export type PlanSummary = {
  readonly packing: PlannedCommit['packing'];
  /** The component layers; none if there is one layer. */
  readonly layers: readonly PlannedLayerSummary[];
  readonly size: number;
  /** Bytes that an update is expected to download; all bytes for one layer. */
  readonly expected: number;
  /** Days from one update to the next. */
  readonly interval: number;
};

/** Sizes and expected downloads of the planned layers, for people. */
export function summarizePlan(planned: PlannedCommit): PlanSummary {
  const homes = layersOfComponents(planned);
  const byLayer = Map.groupBy(planned.components, (component) => homes.get(component) ?? 0);
  const layers = planned.plan.slice(1).map(({ name }, index): PlannedLayerSummary => {
    const members = byLayer.get(index + 1) ?? [];
    return {
      layer: index + 1,
      name,
      components: members.map(({ identifier }) => identifier),
      size: sizeOf(members),
      chance: changeChance(layerRate(members)),
      expected: Math.round(expectedBytes(members)),
    };
  });
  return {
    packing: planned.packing,
    layers,
    size: sizeOf(planned.components),
    expected: layers.reduce((sum, { expected }) => sum + expected, 0),
    interval: Math.round(UPDATE_YEARS * 365),
  };
}

function sizeOf(components: readonly Component[]): number {
  return components.reduce((sum, { size }) => sum + size, 0);
}
