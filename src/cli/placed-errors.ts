/**
 * Errors about an object say which path of a commit uses the object, and what to run next. The commits that
 * the work is about are searched first, and then all others of the repository.
 */
import { isTreeportError, TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { type ObjectName, objectNameIn } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { quoteName } from './quote-name.ts';

const OF_OBJECTS: ReadonlySet<string> = new Set([
  'ERR_OBJECT_CORRUPT',
  'ERR_OBJECT_MISSING',
  'ERR_OBJECT_UNREADABLE',
  'ERR_DELTA_BASE',
]);

/** Does the work; errors about objects that no commit uses pass unchanged. */
export async function withPlacedErrors<T>(
  repo: Repository,
  commits: readonly Checksum[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isTreeportError(error) || !OF_OBJECTS.has(error.code)) throw error;
    throw await placed(error, repo, commits);
  }
}

async function placed(
  error: TreeportError,
  repo: Repository,
  commits: readonly Checksum[],
): Promise<TreeportError> {
  const object = objectNameIn(error.message);
  if (object === undefined || object.type === 'commit') return error;
  const path = (await pathOf(object, repo, commits)) ?? (await pathOf(object, repo, await othersOf(repo)));
  if (path === undefined) return error;
  const next = `\`treeport repo fsck --repo ${quoteName(repo.path)}\` lists all bad objects`;
  return new TreeportError(error.code, `${error.message}; ${quoteName(path)} uses it; ${next}`, {
    cause: error,
  });
}

async function pathOf(
  object: ObjectName,
  repo: Repository,
  commits: Iterable<Checksum>,
): Promise<string | undefined> {
  const { locateFaults } = await import('../fsck/locate.ts');
  const [located] = await locateFaults(repo.objects, commits, [{ kind: 'corrupt', object, message: '' }]);
  return located?.path;
}

async function othersOf(repo: Repository): Promise<Iterable<Checksum>> {
  const { allCommits } = await import('../fsck/all-commits.ts');
  return allCommits(repo, () => {});
}
