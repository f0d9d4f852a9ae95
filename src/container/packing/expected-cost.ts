/**
 * The model of `--packing stable` (docs/decisions/0115-stable-packing.md): what an update is expected to
 * download. Sources of packages change independently, each as a Poisson process, so with the time T between
 * two updates
 *
 *     E = Σ over layers: (size + overhead) · (1 − exp(−T · Σ over its groups: rate))
 */
import type { Component } from './component.ts';

/** T, in years: an update every two weeks. */
export const UPDATE_YEARS: number = 14 / 365;
/** Updates in which bytes that move now have to be saved. */
export const HORIZON_UPDATES = 10;
/** Bytes that even an empty layer costs: the empty repository at its start, and the request. */
export const LAYER_OVERHEAD = 16 * 1024;
/** Additions of packages to a system, a year: they change the layer of newcomers. */
export const NEWCOMER_RATE = 6;

/** The chance that an update changes something that changes so often a year. */
export function changeChance(rate: number): number {
  return 1 - Math.exp(-Math.max(rate, 0) * UPDATE_YEARS);
}

/** Bytes of the layer that an update is expected to download; 0 for an empty layer. */
export function expectedBytes(members: readonly Component[]): number {
  if (members.length === 0) return 0;
  const size = members.reduce((sum, member) => sum + member.size, 0);
  return (size + LAYER_OVERHEAD) * changeChance(layerRate(members));
}

/** Changes a year of any member. Those of a group change together. */
export function layerRate(members: readonly Component[]): number {
  const rates = new Map<string, number>();
  for (const { kind, group, changeRate } of members) {
    const id = `${kind} ${group}`;
    rates.set(id, Math.max(rates.get(id) ?? 0, changeRate));
  }
  return [...rates.values()].reduce((sum, rate) => sum + rate, 0);
}
