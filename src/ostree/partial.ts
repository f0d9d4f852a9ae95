/** Partial commits: `state/<checksum>.commitpartial` says that some of a commit's objects are not here on purpose. */
import { lstatBeneath } from '../base/open-beneath.ts';
import type { Checksum } from './checksum.ts';
import type { Repository } from './repo/open.ts';

export function isPartial(repo: Pick<Repository, 'path'>, commit: Checksum): boolean {
  return lstatBeneath(repo.path, `state/${commit}.commitpartial`) !== undefined;
}
