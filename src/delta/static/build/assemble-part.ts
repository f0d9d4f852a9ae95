/**
 * Makes the payload of a planned part from the objects of a repository. The payload is a function of the plan
 * and the objects; memory holds the part, and one object and its source at a time.
 */
import { verifiedMetadata } from '../../../ostree/load.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';
import { FileMatcher } from '../match/file-matcher.ts';
import { type PartPlan, partSize } from '../plan/delta-plan.ts';
import { addDerived } from './derived-file.ts';
import { KeptSources } from './kept-sources.ts';
import { PartAssembly } from './part-assembly.ts';
import { ReadMemory, readWholeFile } from './read-object.ts';

/** Patches are a little larger than what they make. */
const PATCH_SPARE = 1.05;

/** Every object is verified. ERR_OBJECT_MISSING, ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT. */
export async function assemblePart(
  plan: PartPlan,
  objects: ObjectSource,
  sources: KeptSources = new KeptSources(objects),
): Promise<PartAssembly> {
  const assembly = new PartAssembly(Math.ceil(partSize(plan) * PATCH_SPARE));
  using matcher = new FileMatcher();
  const memory = new ReadMemory();
  for (const { type, checksum, source } of plan.objects) {
    if (type === 'file') {
      const file = await readWholeFile(objects, checksum, (size) => memory.take(size));
      if (source === undefined) assembly.addFile(file.header, file.bytes);
      else addDerived(file, { assembly, matcher, source, old: await sources.read(source.checksum) });
    } else {
      assembly.addMetadata(await verifiedMetadata(objects, type, checksum));
    }
  }
  memory.free();
  sources.freeOthers();
  return assembly;
}
