/**
 * Computes the virtual deltas of a commit (virtual-delta.ts): each part is made once, for its size and its
 * checksum. Deterministic.
 */
import { asBuffer, freeNow } from '../../base/bytes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import type { BuiltPart } from '../static/generate/built-part.ts';
import { makeSuperblock } from '../static/generate/make-superblock.ts';
import { type DeltaPlan, partSize } from '../static/plan/delta-plan.ts';
import { planDelta } from '../static/plan/plan-delta.ts';
import { serializeSuperblock } from '../static/superblock.ts';
import { MAX_PART_FILE_BYTES, type PartMaker, VIRTUAL_PART_BYTES } from './part-maker.ts';
import type { MeasuredPart, PartPiece } from './part-thread.ts';
import { generatorText, parseVirtualDelta, type VirtualDelta, type VirtualProfile } from './virtual-delta.ts';

export type BuildVirtualOptions = {
  readonly profiles: readonly VirtualProfile[];
  readonly maker: PartMaker;
  /** Receives each part that was made, in pieces; without it they are dropped as they are made. */
  readonly onPart?: (checksum: Checksum, pieces: readonly Buffer[]) => Promise<void>;
  /** Called before each part; the work ends if it rejects. */
  readonly beforePart?: () => Promise<void>;
  /** Receives the bytes of content of all parts, before they are made. */
  readonly onPlanned?: ((bytes: number) => void) | undefined;
  /** Receives the bytes of content of each part that was made. */
  readonly onMade?: ((bytes: number) => void) | undefined;
};

/**
 * One delta for each profile; every object is verified. The errors of reading.
 */
export async function buildVirtualDeltas(
  source: ObjectSource,
  to: Checksum,
  options: BuildVirtualOptions,
): Promise<readonly VirtualDelta[]> {
  const plan = await planDelta(source, {
    to,
    minFallbackBytes: MAX_PART_FILE_BYTES,
    maxChunkBytes: VIRTUAL_PART_BYTES,
  });
  options.onPlanned?.(plan.parts.reduce((sum, part) => sum + partSize(part), 0));
  const parts = await makeParts(source, plan, options);
  const deltas: VirtualDelta[] = [];
  for (const [profile, built] of parts) {
    const superblock = await makeSuperblock(source, plan, built, { generator: generatorText(profile) });
    deltas.push(parseVirtualDelta(serializeSuperblock(superblock)));
  }
  return deltas;
}

/** Reads each part once for all profiles; as many parts at once as there are threads. */
async function makeParts(
  source: ObjectSource,
  { parts }: DeltaPlan,
  { profiles, maker, onPart, beforePart, onMade }: BuildVirtualOptions,
): Promise<ReadonlyMap<VirtualProfile, readonly BuiltPart[]>> {
  const all = new Map<VirtualProfile, BuiltPart[]>(profiles.map((profile) => [profile, []]));
  const upcoming = parts.entries();
  const work = async () => {
    for (const [index, plan] of upcoming) {
      await beforePart?.();
      const { objects } = plan;
      const measured =
        onPart === undefined
          ? await maker.measure(source, objects, profiles)
          : await Promise.all(
              profiles.map((profile) =>
                wholePart(maker.pieces(source, { objects, profile, verify: 'all' }), onPart),
              ),
            );
      for (const [nth, built] of [...all.values()].entries())
        built[index] = { ...(measured[nth] as MeasuredPart), usize: partSize(plan) };
      onMade?.(partSize(plan));
    }
  };
  await Promise.all(Array.from({ length: maker.threads }, work));
  return all;
}

async function wholePart(
  made: AsyncIterable<PartPiece>,
  onPart: NonNullable<BuildVirtualOptions['onPart']>,
): Promise<MeasuredPart> {
  const pieces: Buffer[] = [];
  const total = { size: 0 };
  for await (const { bytes, checksum } of made) {
    pieces.push(asBuffer(bytes));
    total.size += bytes.length;
    if (checksum === undefined) continue;
    await onPart(checksum, pieces);
    for (const piece of pieces) freeNow(piece);
    return { size: total.size, checksum };
  }
  throw new TreeportError('ERR_INTERNAL', 'a part of a virtual delta has no end');
}
