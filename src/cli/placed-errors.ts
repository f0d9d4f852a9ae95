/** Errors about an object of a commit say which path of its tree uses the object, and what to run next. */
import { isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { type Checksum, isChecksum } from '../ostree/checksum.ts';
import type { ObjectName, ObjectType } from '../ostree/object-name.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { quoteName } from './quote-name.ts';

const OF_OBJECTS: ReadonlySet<string> = new Set([
  'ERR_OBJECT_CORRUPT',
  'ERR_OBJECT_MISSING',
  'ERR_OBJECT_UNREADABLE',
]);

/** Does the work; errors about objects that the commit does not use pass unchanged. */
export async function withPlacedErrors<T>(
  repo: Repository,
  commit: Checksum,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isTreeportError(error) || !OF_OBJECTS.has(error.code)) throw error;
    throw await placed(error, repo, commit);
  }
}

async function placed(error: TreeportError, repo: Repository, commit: Checksum): Promise<TreeportError> {
  const object = objectIn(messageOf(error));
  if (object === undefined) return error;
  const { locateFaults } = await import('../fsck/locate.ts');
  const faults = [{ kind: 'corrupt', object, message: '' }] as const;
  const [located] = await locateFaults(repo.objects, [commit], faults);
  if (located?.path === undefined) return error;
  const next = `\`treeport repo fsck --repo ${quoteName(repo.path)}\` lists all bad objects`;
  return new TreeportError(error.code, `${error.message}; ${quoteName(located.path)} uses it; ${next}`, {
    cause: error,
  });
}

/** The first object that the message names. */
function objectIn(message: string): ObjectName | undefined {
  const [, checksum = '', type = ''] = /\b([0-9a-f]{64})\.(file|dirtree|dirmeta)/.exec(message) ?? [];
  return isChecksum(checksum) ? { type: type as ObjectType, checksum } : undefined;
}
