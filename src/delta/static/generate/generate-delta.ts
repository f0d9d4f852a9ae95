/**
 * Generates static deltas. Deterministic: the same commits, options and liblzma give the same bytes, for any
 * number of threads.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Warn } from '../../../base/errors.ts';
import { lstatBeneath } from '../../../base/list-beneath.ts';
import type { ByteOrder } from '../../../gvariant/source.ts';
import { lzmaVersion } from '../../../native/lzma/liblzma.ts';
import type { Checksum } from '../../../ostree/checksum.ts';
import { superblockPath } from '../../../ostree/delta-name.ts';
import { loosePath } from '../../../ostree/object-name.ts';
import type { Repository } from '../../../ostree/repo/open.ts';
import { loadCommit } from '../../../ostree/revision.ts';
import { addSignatures, type Signer } from '../../../ostree/sign/signer.ts';
import type { ProfileName } from '../build/profiles.ts';
import { checkCompleteness } from '../completeness.ts';
import { objectsOfBase } from '../delta-base.ts';
import { type DeltaPlan, partSize } from '../plan/delta-plan.ts';
import { type PlanOptions, planDelta } from '../plan/plan-delta.ts';
import { writeSignedSuperblock } from '../signed-superblock.ts';
import { serializeSuperblock } from '../superblock.ts';
import { checkSuperblockSize } from '../superblock-size.ts';
import { buildParts } from './build-parts.ts';
import type { BuiltPart } from './built-part.ts';
import { DeltaTarget } from './delta-target.ts';
import { makeSuperblock } from './make-superblock.ts';
import { publishDelta } from './publish-delta.ts';

export type GenerateOptions = Omit<PlanOptions, 'storedSize'> & {
  /** Default: `fast`. */
  readonly profile?: ProfileName;
  /** Worker threads. Default: one for each core. */
  readonly threads?: number;
  /** Byte order of the numbers in the superblock. Default: little. */
  readonly order?: ByteOrder;
  /** Puts the parts into the superblock. */
  readonly inline?: boolean;
  /** Writes the superblock to this path and the parts beside it, and announces nothing. */
  readonly filename?: string;
  /** Sign the superblock, which only deltas for offline use may be: clients cannot parse it over HTTP. */
  readonly signers?: readonly Signer[];
  /** The caller makes and signs the summary afterwards. */
  readonly signsSummary?: boolean;
  /** Leaves a delta that exists in the repository as it is. */
  readonly ifNotExists?: boolean;
  /** Replaces parts of an earlier delta that clients may be fetching. */
  readonly replace?: boolean;
  /**
   * Whether to apply each part, and to look for missing objects, before anything is published. Default: true.
   */
  readonly check?: boolean;
  readonly warn?: Warn;
  /** Gets the bytes of content made, and their total. */
  readonly onProgress?: (done: number, total: number) => void;
};

export type GeneratedDelta = {
  readonly objects: number;
  readonly parts: number;
  readonly fallbacks: number;
  /** Bytes of superblock and parts. */
  readonly size: number;
  /** Bytes that clients fetch with it: those and the fallbacks. */
  readonly pulledSize: number;
  /** Bytes that clients fetch without it. */
  readonly looseSize: number;
};

/** Undefined if the delta exists and `ifNotExists` is set. */
export async function generateDelta(
  repo: Repository,
  options: GenerateOptions,
): Promise<GeneratedDelta | undefined> {
  const { from, to, filename, profile = 'fast', warn = () => {} } = options;
  if (options.ifNotExists && existsSync(join(repo.path, superblockPath({ from, to })))) return undefined;
  for (const commit of from === undefined ? [to] : [from, to]) await loadCommit(repo, commit);
  const storedSize = (file: Checksum, size: number) =>
    lstatBeneath(repo.path, loosePath(file, 'filez'))?.size ?? size;
  await using target =
    filename === undefined ? await DeltaTarget.inRepository(repo.path) : await DeltaTarget.atFile(filename);
  const plan = await planDelta(repo.objects, { ...options, storedSize });
  const total = plan.parts.reduce((sum, part) => sum + partSize(part), 0);
  const progress = { done: 0 };
  const parts = await buildParts(plan, {
    repoPath: repo.path,
    profile,
    threads: options.threads ?? availableParallelism(),
    check: options.check ?? true,
    pathOf: (index) => target.partPath(index),
    onProgress: (bytes) => {
      progress.done += bytes;
      options.onProgress?.(progress.done, total);
    },
  });
  const inline = options.inline ? await target.takeParts(parts.length) : [];
  const made = await makeSuperblock(repo.objects, plan, parts, {
    generator: `liblzma ${lzmaVersion()}, ${profile}`,
    inline,
    ...(options.order === undefined ? {} : { order: options.order }),
  });
  if (options.check ?? true)
    await checkCompleteness(
      made,
      { target: repo.objects, base: await objectsOfBase(repo.objects, from) },
      'the new delta',
    );
  const superblock = await signed(serializeSuperblock(made), options);
  // The limits do not hold for deltas that are applied from files.
  if (filename === undefined) checkSuperblockSize(superblock.length, warn);
  if (filename === undefined) await publish(repo, target, superblock, options);
  else await target.moveTo(filename, parts.length - inline.length, superblock);
  return report(plan, options.inline ? [] : parts, superblock.length, storedSize);
}

async function publish(
  repo: Repository,
  target: DeltaTarget,
  superblock: Buffer,
  { from, to, replace = false, signsSummary = false, warn = () => {} }: GenerateOptions,
): Promise<void> {
  await target.addSuperblock(superblock);
  const made = target.directory;
  const summary = await publishDelta(repo, { name: { from, to }, superblock, made, replace, signsSummary });
  if (summary === 'signed' && !signsSummary)
    warn('the summary is signed, so it was not changed: the delta is in the delta index only');
}

async function signed(superblock: Buffer, { signers = [] }: GenerateOptions): Promise<Buffer> {
  if (signers.length === 0) return superblock;
  const what = 'the superblock of the delta';
  return writeSignedSuperblock(superblock, await addSignatures(new Map(), superblock, { signers, what }));
}

function report(
  plan: DeltaPlan,
  parts: readonly BuiltPart[],
  superblockSize: number,
  storedSize: (file: Checksum, size: number) => number,
): GeneratedDelta {
  const objects = plan.parts.flatMap((part) => part.objects);
  const size = parts.reduce((sum, part) => sum + part.size, superblockSize);
  const fallbackSize = plan.fallbacks.reduce((sum, fallback) => sum + fallback.storedSize, 0);
  const loose = objects.map(({ type, checksum, size }) =>
    type === 'file' ? storedSize(checksum, size) : size,
  );
  return {
    objects: objects.length + plan.fallbacks.length,
    parts: plan.parts.length,
    fallbacks: plan.fallbacks.length,
    size,
    pulledSize: size + fallbackSize,
    looseSize: loose.reduce((sum, bytes) => sum + bytes, fallbackSize),
  };
}
