/**
 * Virtual deltas: static deltas from scratch of which only the superblock is kept. It lists the objects of
 * each part, in order, and the part's size and checksum. A part is a function of these objects, of the
 * profile and of the version of liblzma; the superblock's metadata name both:
 *
 *     treeport.generator = `liblzma 5.4.1, wan`, or `lan`, where nothing is compressed
 *
 * A published repo has the superblocks in `virtual-deltas/<2>/<41>/wan` and `virtual-deltas/<2>/<41>/lan`.
 */
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
  /** The version that makes its parts; undefined if nothing is compressed. */
  readonly liblzma: string | undefined;
};

/** Directory of the superblocks below a published repo. */
export const VIRTUAL_DELTAS = 'virtual-deltas';

const GENERATOR = /^(?:liblzma ([\w.-]+), )?(wan|lan)$/;

/** Where a published repo has a superblock. */
export function virtualDeltaPath(to: Checksum, profile: VirtualProfile): string {
  return `virtual-${deltaDirectory({ from: undefined, to })}/${profile}`;
}

export function generatorText(profile: VirtualProfile, liblzma: string | undefined): string {
  return liblzma === undefined ? profile : `liblzma ${liblzma}, ${profile}`;
}

/** Parses the superblock of a virtual delta; ERR_DELTA_CORRUPT, ERR_VARIANT if it is not one. */
export function parseVirtualDelta(superblock: Buffer): VirtualDelta {
  const { metadata, from, to, parts } = parseSuperblock(superblock);
  const match = GENERATOR.exec(dictString(metadata, GENERATOR_KEY) ?? '');
  const profile = VIRTUAL_PROFILES.find((known) => known === match?.[2]);
  if (profile === undefined || from !== undefined)
    throw deltaFault(`the superblock to ${to} is not that of a virtual delta`);
  return { profile, to, superblock, checksum: checksumOf(superblock), parts, liblzma: match?.[1] };
}
