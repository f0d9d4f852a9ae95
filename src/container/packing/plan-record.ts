/**
 * What a later build needs of a plan: which component was in which layer. Plain JSON, for the labels of an
 * image or a file; made of the annotations of a manifest if there is nothing better.
 */
import { createHash } from 'node:crypto';
import type { Component, ComponentKind } from './component.ts';

export type PlanMember = {
  /** The component's key; its name, if the record was made of annotations. */
  readonly name: string;
  /** Absent if the record was made of annotations. */
  readonly kind?: ComponentKind;
  /** Tells whether its objects are the same; absent if that is not known. */
  readonly content?: string;
};

export type PlanRecord = {
  /** In the order of the image, without the ostree layer. */
  readonly layers: readonly (readonly PlanMember[])[];
};

export function planRecord(layers: readonly (readonly Component[])[]): PlanRecord {
  return { layers: layers.map((members) => members.map(memberOf)) };
}

function memberOf({ key, kind, objects }: Component): PlanMember {
  return { name: key, kind, content: contentId(objects) };
}

/** 16 digits of a SHA-256 of the checksums and paths. */
export function contentId(objects: Component['objects']): string {
  const hash = createHash('sha256');
  for (const checksum of [...objects.keys()].toSorted())
    hash.update(`${checksum}\0${(objects.get(checksum) ?? []).toSorted().join('\0')}\0\0`);
  return hash.digest('hex').slice(0, 16);
}
