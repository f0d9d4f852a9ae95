/**
 * Static deltas: superblocks, and the payloads and operations of parts, which are applied to the files that
 * they read. Checksums of part files would refuse every mutation, so payloads are changed behind them.
 */
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { TreeportError } from '../../src/base/errors.ts';
import { applyPart } from '../../src/delta/static/apply-part.ts';
import { describePart } from '../../src/delta/static/describe-part.ts';
import { openDeltaFile, readPart } from '../../src/delta/static/open-delta.ts';
import { type PartPayload, parsePayload, serializePayload } from '../../src/delta/static/part-payload.ts';
import type { BaseSource } from '../../src/delta/static/part-sources.ts';
import { unwrapSuperblock } from '../../src/delta/static/signed-superblock.ts';
import { parseSuperblock, serializeSuperblock } from '../../src/delta/static/superblock.ts';
import { checkRange } from '../../src/ostree/byte-range.ts';
import { S_IFREG } from '../../src/ostree/file-header.ts';
import type { ObjectName } from '../../src/ostree/object-name.ts';
import { mutate, type Random } from '../gvariant/random.ts';
import { DELTA_FIXTURES, deltaFixture, deltaFixturePath } from '../support/delta-fixtures.ts';
import { type OpenTarget, outcomeOf } from './target.ts';

const CODES: readonly ErrorCode[] = [
  'ERR_VARIANT',
  'ERR_OBJECT_CORRUPT',
  'ERR_DELTA_CORRUPT',
  'ERR_OBJECT_MISSING',
];
const PARTS: readonly string[] = [
  'variants/scratch-parts',
  'variants/from-to-nobsdiff',
  'variants/from-to-bigendian',
  'crafted/multisource',
];

type Part = { readonly objects: readonly ObjectName[]; readonly payload: PartPayload };

export const openDeltaTarget: OpenTarget = async () => {
  const superblocks = DELTA_FIXTURES.map((fixture) => deltaFixture(fixture, 'superblock'));
  const parts = PARTS.map((fixture) => {
    const delta = openDeltaFile(deltaFixturePath(fixture));
    const objects = delta.parsed.parts[0]?.objects ?? [];
    return { objects, payload: readPart(delta, 0) };
  });
  return {
    runCase: (random) =>
      random.below(2) === 0
        ? outcomeOf(() => readSuperblock(mutate(random, random.pick(superblocks))), CODES)
        : outcomeOf(() => apply(mutatedPart(random.pick(parts), random)), CODES),
    close: async () => {},
  };
};

function readSuperblock(bytes: Buffer): void {
  const { superblock } = unwrapSuperblock(bytes);
  const again = serializeSuperblock(parseSuperblock(superblock));
  if (!again.equals(superblock)) throw new Error('a superblock was read that is written otherwise');
}

/** Anything in the payload may change, or only the operations, or the tables. */
function mutatedPart({ objects, payload }: Part, random: Random): Part {
  switch (random.below(4)) {
    case 0:
      return { objects, payload: parsePayload(mutate(random, serializePayload(payload))) };
    case 1:
      return { objects: objects.toSpliced(random.below(objects.length), 1), payload };
    default:
      return { objects, payload: { ...payload, operations: mutate(random, payload.operations) } };
  }
}

async function apply({ objects, payload }: Part): Promise<void> {
  describePart(objects, payload);
  for await (const _ of applyPart({ what: 'part 0', objects, payload }, SOURCE));
}

/** Every file that operations read has the same bytes, so nothing that reads one has its id. */
const SOURCE_BYTES = Buffer.alloc(250_000, 'source');
const SOURCE: BaseSource = {
  content: async (checksum) => {
    if (checksum.startsWith('0000')) throw new TreeportError('ERR_OBJECT_MISSING', `no ${checksum}`);
    return {
      header: { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: Buffer.alloc(0) },
      size: SOURCE_BYTES.length,
      stream: () => pieces(0, SOURCE_BYTES.length),
      bytes: (from, to) => {
        checkRange(from, to, SOURCE_BYTES.length);
        return pieces(from, to);
      },
    };
  },
};

async function* pieces(from: number, to: number): AsyncGenerator<Uint8Array> {
  yield SOURCE_BYTES.subarray(from, to);
}
