/**
 * How the parts of virtual deltas are packed. `wan` for links where bytes or round trips count: compressed by
 * the fast encoder. `lan` for links where nothing counts but processors: nothing is compressed, so neither
 * side does more than copy. The measurements are in docs/decisions.
 */
import { contentClassOf, type FileClass } from '../static/build/content-class.ts';
import type { VirtualProfile } from './virtual-delta.ts';

export type VirtualPacking = {
  readonly isStored: boolean;
  /** In which section a file is. */
  readonly classOf: (bytes: Buffer) => FileClass;
};

export const VIRTUAL_PACKINGS: Readonly<Record<VirtualProfile, VirtualPacking>> = {
  wan: { isStored: false, classOf: contentClassOf },
  // The tests of a file's bytes would take most of the time.
  lan: { isStored: true, classOf: () => 'plain' },
};
