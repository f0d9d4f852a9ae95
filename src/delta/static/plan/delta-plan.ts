/**
 * The plan of a static delta: which objects it makes, in which order and parts, and from which files of the
 * old commit. Plain data, and a function of the commits and the options alone: no object's bytes are read.
 * Parts of a delta from scratch depend on nothing but their list of objects.
 */
import type { Checksum } from '../../../ostree/checksum.ts';
import type { HashedMetadataType } from '../../../ostree/object-name.ts';

/** A file of the old commit that the new one is made from. */
export type PlannedSource = {
  readonly checksum: Checksum;
  /** Bytes. */
  readonly size: number;
  /**
   * Whether the new file may be a binary patch of it, for which clients hold both in memory; else it is
   * copied from it in ranges.
   */
  readonly patch: boolean;
};

export type PlannedObject = {
  readonly type: HashedMetadataType | 'file';
  readonly checksum: Checksum;
  /** Bytes of a metadata object or regular file; 0 for a symlink. */
  readonly size: number;
  readonly source?: PlannedSource;
};

export type PartPlan = { readonly objects: readonly PlannedObject[] };

/** A file that clients fetch as a loose object. */
export type PlannedFallback = {
  readonly checksum: Checksum;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes to fetch, for progress only. */
  readonly storedSize: number;
};

export type DeltaPlan = {
  /** Undefined for a delta from scratch. */
  readonly from: Checksum | undefined;
  readonly to: Checksum;
  /** At least one, which may be empty: the form of an empty delta that libostree writes. */
  readonly parts: readonly PartPlan[];
  readonly fallbacks: readonly PlannedFallback[];
};

/** Bytes of content that a part makes. */
export function partSize({ objects }: PartPlan): number {
  return objects.reduce((sum, { size }) => sum + size, 0);
}
