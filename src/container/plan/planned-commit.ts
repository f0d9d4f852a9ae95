/** The plan of a commit's layers with what it was made of. */
import type { LayerPlan } from '../encapsulate/layer-plan.ts';
import type { Component } from '../packing/component.ts';
import type { LayerPacking } from '../packing/plan-components.ts';
import type { PlanRecord } from '../packing/plan-record.ts';

export type PlannedCommit = {
  readonly packing: LayerPacking | 'contentmeta';
  readonly plan: LayerPlan;
  /** Undefined for one layer. */
  readonly record: PlanRecord | undefined;
  /** All components; none for one layer. */
  readonly components: readonly Component[];
  /** The time and labels that a contentmeta file gives the image. */
  readonly created?: string | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** Lines for people. */
  readonly notes: readonly string[];
};
