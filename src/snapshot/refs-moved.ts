/** Whether the refs of a repository are still those that were selected. */
import type { Publication } from '../mirror/published-refs.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { resolveRef } from '../ostree/revision.ts';

export async function haveRefsMoved(repo: Repository, { refs }: Publication): Promise<boolean> {
  for (const { name, commit } of refs) if ((await resolveRef(repo, name)) !== commit) return true;
  return false;
}
