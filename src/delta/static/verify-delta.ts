/**
 * Verifies a delta against the objects of the commit that it starts from: applies it in memory, compares
 * every id, and checks that nothing is left out. Writes nothing.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName, type MetadataType } from '../../ostree/object-name.ts';
import type { MetadataSource, ObjectSource } from '../../ostree/object-source.ts';
import { applyPart } from './apply-part.ts';
import { checkCompleteness } from './completeness.ts';
import { filesOfBase, objectsOfBase } from './delta-base.ts';
import { deltaFault } from './delta-fault.ts';
import type { StaticDelta } from './open-delta.ts';
import { freePayload, type PartOptions, readPartFile } from './part-file.ts';
import type { BaseSource } from './part-sources.ts';
import type { PartHeader, Superblock } from './superblock.ts';

/** Metadata objects that parts make, by `<checksum>.<type>`. */
export type MadeMetadata = ReadonlyMap<string, Buffer>;

/**
 * Verifies one part file: makes its objects, compares their ids and drops them. Returns the metadata among
 * them, in memory of its own. For generators as well: parts are independent, so this may run on any thread.
 * The errors of `readPartFile` and `applyPart`; `what` names the part.
 */
export async function verifyPart(
  header: PartHeader,
  file: Buffer,
  options: PartOptions & { readonly base: BaseSource },
): Promise<MadeMetadata> {
  const { what, base } = options;
  const metadata = new Map<string, Buffer>();
  const payload = readPartFile(header, file, options);
  for await (const made of applyPart({ what, objects: header.objects, payload }, base)) {
    if (made.type !== 'file') metadata.set(formatObjectName(made), Buffer.from(made.bytes));
  }
  freePayload(payload, file);
  return metadata;
}

/**
 * `base` need not have more than the commit that the delta starts from, and the objects that it leaves to be
 * fetched. The errors of all its steps.
 */
export async function verifyDelta(
  delta: StaticDelta,
  base: Pick<ObjectSource, 'content' | 'metadata' | 'has'>,
): Promise<void> {
  const { parsed, what } = delta;
  await checkFallbacks(delta, base);
  const objects = await objectsOfBase(base, parsed.from);
  const files = filesOfBase(base, objects);
  const made = new Map<string, Buffer>();
  for (const [index, header] of parsed.parts.entries()) {
    const part = { what: `part ${index} of ${what}`, base: files };
    for (const [name, bytes] of await verifyPart(header, delta.partFile(index), part)) made.set(name, bytes);
  }
  await checkCompleteness(parsed, { target: targetMetadata(parsed, made, base), base: objects }, what);
}

/**
 * Clients refuse fallbacks that are not files, and fetch the others from the repository: ERR_DELTA_CORRUPT,
 * ERR_DELTA_INCOMPLETE.
 */
export async function checkFallbacks(
  { parsed, what }: StaticDelta,
  objects: Pick<ObjectSource, 'has'>,
): Promise<void> {
  for (const { object } of parsed.fallbacks) {
    const name = formatObjectName(object);
    if (object.type !== 'file') throw deltaFault(`${what} has ${name} as a fallback, which must be a file`);
    if (await objects.has(object)) continue;
    throw new TreeportError(
      'ERR_DELTA_INCOMPLETE',
      `${what} leaves object ${name} to be fetched by itself, and the repository lacks it; pull over HTTP, or generate the delta with --min-fallback-size=0`,
    );
  }
}

function targetMetadata(
  { to, commit }: Superblock,
  made: MadeMetadata,
  base: MetadataSource,
): MetadataSource {
  return {
    metadata: async (type: MetadataType, checksum: Checksum) => {
      if (type === 'commit' && checksum === to) return commit;
      return made.get(formatObjectName({ type, checksum })) ?? base.metadata(type as 'dirtree', checksum);
    },
  };
}
