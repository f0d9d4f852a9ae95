/**
 * Completeness: what the parts make, the fallbacks and the objects of the commit that the delta starts from
 * are all that its commit needs. Clients since 2023.7 do not scan a commit that came by a delta, so nothing
 * else notices a gap.
 */
import { TreeportError } from '../../base/errors.ts';
import { formatObjectName } from '../../ostree/object-name.ts';
import type { MetadataSource } from '../../ostree/object-source.ts';
import { reachableObjects } from '../../ostree/walk.ts';
import { deltaFault } from './delta-fault.ts';
import type { Superblock } from './superblock.ts';

export type CompletenessSources = {
  /** Has the metadata of the commit that the delta leads to, the commit itself included. */
  readonly target: MetadataSource;
  /** `<checksum>.<type>` of all objects of the commit that the delta starts from. */
  readonly base: ReadonlySet<string>;
};

/** ERR_DELTA_INCOMPLETE; ERR_DELTA_CORRUPT if an object is listed twice. `what` names the delta. */
export async function checkCompleteness(
  superblock: Superblock,
  { target, base }: CompletenessSources,
  what: string,
): Promise<void> {
  const listed = listedNames(superblock, what);
  for await (const object of reachableObjects(target, superblock.to, new Set(base))) {
    const name = formatObjectName(object);
    // A directory comes before it is read, so one that is missing is reported like any other object.
    if (object.type === 'commit' || listed.has(name)) continue;
    throw new TreeportError(
      'ERR_DELTA_INCOMPLETE',
      `${what} does not make object ${name}, which its commit needs`,
    );
  }
}

function listedNames({ parts, fallbacks }: Superblock, what: string): ReadonlySet<string> {
  const listed = new Set<string>();
  for (const object of [
    ...parts.flatMap(({ objects }) => objects),
    ...fallbacks.map(({ object }) => object),
  ]) {
    const name = formatObjectName(object);
    if (listed.has(name)) throw deltaFault(`${what} lists object ${name} twice`);
    listed.add(name);
  }
  return listed;
}
