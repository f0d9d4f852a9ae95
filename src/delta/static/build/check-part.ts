/**
 * Checks a part that was just made, as a strict client would apply it: the file decompresses, its payload has
 * normal form, and its operations make every object of the list. Nothing downstream notices a gap: clients
 * since 2023.7 do not scan a commit that came by a delta.
 */
import { isTreeportError, TreeportError } from '../../../base/errors.ts';
import type { BaseSource } from '../apply-part.ts';
import type { PartHeader } from '../superblock.ts';
import { verifyPart } from '../verify-delta.ts';

/** ERR_DELTA_SELF_CHECK if the part is not what its header promises. `what` names it. */
export async function checkPart(
  header: PartHeader,
  file: Buffer,
  base: BaseSource,
  what: string,
): Promise<void> {
  try {
    await verifyPart(header, file, { what, base });
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw new TreeportError(
      'ERR_DELTA_SELF_CHECK',
      `the new delta was discarded, because the check of ${what} failed: ${error.message}`,
      { cause: error },
    );
  }
}
