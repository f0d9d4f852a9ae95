/** Every commit of a repository: those that refs name, and those that no ref names. */
import { isTreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type DamagedRef, listAllRefs, type NamedRef } from '../ostree/refs.ts';
import type { Repository } from '../ostree/repo/open.ts';

/** Each once, those of refs first. `onDamaged` receives refs that name none. */
export async function allCommits(
  repo: Repository,
  onDamaged: (damaged: DamagedRef) => void,
): Promise<ReadonlySet<Checksum>> {
  const commits = new Set((await refsOf(repo, onDamaged)).map(({ commit }) => commit));
  for await (const { type, checksum } of repo.objects.list()) {
    if (type === 'commit') commits.add(checksum);
  }
  return commits;
}

async function refsOf(
  repo: Repository,
  onDamaged: (damaged: DamagedRef) => void,
): Promise<readonly NamedRef[]> {
  try {
    return await listAllRefs(repo, { onDamaged });
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    onDamaged({ path: 'refs', why: error.message });
    return [];
  }
}
