/** Partial commits: `state/<checksum>.commitpartial` says that some of a commit's objects are not here on purpose. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Checksum } from './checksum.ts';
import type { Repository } from './repo/open.ts';

export function isPartial(repo: Pick<Repository, 'path'>, commit: Checksum): boolean {
  return existsSync(join(repo.path, 'state', `${commit}.commitpartial`));
}
