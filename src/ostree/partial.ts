/**
 * Partial commits: `state/<checksum>.commitpartial` marks a commit some of whose objects are deliberately
 * absent.
 */
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { lstatBeneath } from '../base/list-beneath.ts';
import type { Checksum } from './checksum.ts';
import type { Repository } from './repo/open.ts';

export function isPartial(repo: Pick<Repository, 'path'>, commit: Checksum): boolean {
  const path = `state/${commit}.commitpartial`;
  try {
    return lstatBeneath(repo.path, path) !== undefined;
  } catch (error) {
    if (isTreeportError(error)) throw error;
    const message = `cannot tell whether commit ${commit} is partial: ${messageOf(error)}`;
    throw new TreeportError('ERR_IO', message, { cause: error });
  }
}
