/** What the header of a part in the superblock says, and how to keep within the limits of clients. */

import { type PartPlan, partSize } from '../plan/delta-plan.ts';
import type { PartHeader } from '../superblock.ts';

/** A part file that a worker thread has written. */
export type BuiltPart = Pick<PartHeader, 'checksum' | 'size' | 'usize'>;

/**
 * The size of the objects that a part announces. Clients of libostree 2026.3 refuse a part whose payload is
 * larger than `usize + usize/32 + 4096 + 65792 · objects`, which a patch of one file may be, so that more is
 * announced then. Other clients only compare the size with the free space.
 */
export function announcedSize(plan: PartPlan, payloadSize: number): number {
  const slack = 4096 + 65_792 * plan.objects.length;
  return Math.max(partSize(plan), Math.ceil(((payloadSize - slack) * 32) / 33) + 1);
}
