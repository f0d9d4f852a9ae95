/**
 * Virtual deltas: static deltas from scratch of which only the superblock is kept. It lists the objects of
 * each part, in order, and the part's size and checksum. A part is a function of these objects, of the
 * profile, and of how parts are packed ({@link PACKING_VERSIONS}); the superblock's metadata name both:
 *
 *     treeport.generator = `wan 4`, or `lan 2`
 *
 * Those of `wan` before version 3 were made by liblzma, whose version their text begins with.
 *
 * A published repo has the superblocks in `virtual-deltas/<2>/<41>/wan` and `virtual-deltas/<2>/<41>/lan`.
 */
import { TreeportError } from '../../base/errors.ts';
import { type Checksum, checksumOf } from '../../ostree/checksum.ts';
import { deltaDirectory } from '../../ostree/delta-name.ts';
import { dictString } from '../../ostree/metadata-dict.ts';
import { deltaFault } from '../static/delta-fault.ts';
import { GENERATOR_KEY } from '../static/generate/make-superblock.ts';
import { type PartHeader, parseSuperblock } from '../static/superblock.ts';

export type VirtualProfile = 'wan' | 'lan';

export const VIRTUAL_PROFILES: readonly VirtualProfile[] = ['wan', 'lan'];

export type VirtualDelta = {
  readonly profile: VirtualProfile;
  readonly to: Checksum;
  /** The superblock file. */
  readonly superblock: Buffer;
  /** Its SHA-256. */
  readonly checksum: Checksum;
  readonly parts: readonly PartHeader[];
  /** See {@link PACKING_VERSIONS}. */
  readonly packing: number;
};

/** Directory of the superblocks below a published repo. */
export const VIRTUAL_DELTAS = 'virtual-deltas';

/** Changes whenever the same objects give other parts. The first had no number in its text. */
export const PACKING_VERSIONS: Readonly<Record<VirtualProfile, number>> = { wan: 4, lan: 2 };

const GENERATOR = /^(?:liblzma [\w.-]+, )?(wan|lan)(?: (\d{1,4}))?$/;

/** Where a published repo has a superblock. */
export function virtualDeltaPath(to: Checksum, profile: VirtualProfile): string {
  return `virtual-${deltaDirectory({ from: undefined, to })}/${profile}`;
}

export function generatorText(profile: VirtualProfile): string {
  return `${profile} ${PACKING_VERSIONS[profile]}`;
}

/** Parses the superblock of a virtual delta; ERR_DELTA_CORRUPT, ERR_VARIANT if it is not one. */
export function parseVirtualDelta(superblock: Buffer): VirtualDelta {
  const { metadata, from, to, parts } = parseSuperblock(superblock);
  const match = GENERATOR.exec(dictString(metadata, GENERATOR_KEY) ?? '');
  const profile = VIRTUAL_PROFILES.find((known) => known === match?.[1]);
  if (profile === undefined || from !== undefined)
    throw deltaFault(`the superblock to ${to} is not that of a virtual delta`);
  const packing = Number(match?.[2] ?? 1);
  return { profile, to, superblock, checksum: checksumOf(superblock), parts, packing };
}

/** ERR_VIRTUAL_DELTA: the part has another checksum, or more bytes than it should. */
export function wrongPart(
  { to, profile, parts }: VirtualDelta,
  index: number,
  actual: Checksum | undefined,
): TreeportError {
  const how = actual === undefined ? 'larger' : `as ${actual}`;
  return new TreeportError(
    'ERR_VIRTUAL_DELTA',
    `part ${index} of the ${profile} delta to ${to} comes out ${how}, not as ${parts[index]?.checksum}: an object of it is corrupt; run \`treeport repo fsck\``,
  );
}
