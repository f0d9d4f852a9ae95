/**
 * Checks a part that was just made, as a strict client would apply it: the file decompresses, its payload has
 * normal form, and its operations make every object of the list. Nothing downstream notices a gap: clients
 * since 2023.7 do not scan a commit that came by a delta.
 */
import { isTreeportError, TreeportError } from '../../../base/errors.ts';
import type { BaseSource } from '../part-sources.ts';
import type { PartHeader } from '../superblock.ts';
import { verifyPart } from '../verify-delta.ts';

export type PartToCheck = {
  readonly header: PartHeader;
  readonly file: Buffer;
  readonly payloadSize: number;
  /** Has the sources. */
  readonly base: BaseSource;
  /** Names the part. */
  readonly what: string;
};

/** ERR_DELTA_SELF_CHECK if the part is not what its header promises. */
export async function checkPart({ header, file, payloadSize, base, what }: PartToCheck): Promise<void> {
  try {
    await verifyPart(header, file, { what, base, expectedBytes: payloadSize });
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw new TreeportError(
      'ERR_DELTA_SELF_CHECK',
      `the new delta was discarded, because the check of ${what} failed: ${error.message}`,
      { cause: error },
    );
  }
}
