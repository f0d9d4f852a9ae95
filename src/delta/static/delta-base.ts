/** The commit that a delta starts from, in a repository. */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName } from '../../ostree/object-name.ts';
import type { MetadataSource } from '../../ostree/object-source.ts';
import { reachableObjects, type SeenObjects } from '../../ostree/walk.ts';
import { deltaFault } from './delta-fault.ts';
import type { BaseSource } from './part-sources.ts';

/** `<checksum>.<type>` of all objects of a commit; none if it is undefined. ERR_DELTA_BASE. */
export async function objectsOfBase(
  source: MetadataSource,
  from: Checksum | undefined,
): Promise<ReadonlySet<string>> {
  const seen: SeenObjects = new Set();
  if (from === undefined) return seen;
  const walk = reachableObjects(source, from, seen);
  try {
    while (!(await walk.next()).done);
  } catch (error) {
    if (!isTreeportError(error, 'ERR_OBJECT_MISSING')) throw error;
    const what = `the delta starts from commit ${from}, which the repository does not have in full`;
    const advice = 'pull that commit first, or use a delta from scratch';
    throw new TreeportError('ERR_DELTA_BASE', `${what}: ${error.message}; ${advice}`, { cause: error });
  }
  return seen;
}

/** The files among these objects: clients have no others to read from. */
export function filesOfBase(source: BaseSource, objects: ReadonlySet<string>): BaseSource {
  return {
    content: async (checksum) => {
      const name = formatObjectName({ type: 'file', checksum });
      if (objects.has(name)) return source.content(checksum);
      throw deltaFault(`it reads object ${name}, which is not in the commit that the delta starts from`);
    },
  };
}
