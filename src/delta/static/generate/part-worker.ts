/** Entry point of the worker threads that make the parts of a delta, one part a call. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { answerCalls } from '../../../base/answer-calls.ts';
import { writeError } from '../../../base/atomic-file.ts';
import { libcXattrs } from '../../../native/libc/xattrs.ts';
import { finishChecksum } from '../../../ostree/checksum.ts';
import { openRepository, type Repository } from '../../../ostree/repo/open.ts';
import { assemblePart } from '../build/assemble-part.ts';
import { packPart } from '../build/pack-part.ts';
import { PACKINGS, type ProfileName } from '../build/profiles.ts';
import type { PartPlan } from '../plan/delta-plan.ts';
import { announcedSize, type BuiltPart } from './built-part.ts';

export type PartTask = {
  readonly repoPath: string;
  readonly plan: PartPlan;
  readonly profile: ProfileName;
  /** The file to write. */
  readonly path: string;
};

const opened = new Map<string, Promise<Repository>>();

answerCalls(buildPart);

async function buildPart(task: PartTask): Promise<BuiltPart> {
  const repo = await openOnce(task.repoPath);
  const assembly = await assemblePart(task.plan, repo.objects);
  const content = assembly.finish();
  try {
    const written = await writePieces(task.path, packPart(content, PACKINGS[task.profile]));
    return { ...written, usize: announcedSize(task.plan, content.payloadSize) };
  } finally {
    assembly.free();
  }
}

function openOnce(path: string): Promise<Repository> {
  const repo = opened.get(path) ?? openRepository(path, { xattrs: libcXattrs });
  opened.set(path, repo);
  return repo;
}

async function writePieces(
  path: string,
  pieces: Iterable<Uint8Array>,
): Promise<Pick<BuiltPart, 'checksum' | 'size'>> {
  const digest = createHash('sha256');
  let size = 0;
  try {
    await using file = await open(path, 'wx', 0o644);
    for (const piece of pieces) {
      digest.update(piece);
      size += piece.length;
      await file.writeFile(piece);
    }
  } catch (error) {
    throw writeError(error, path);
  }
  return { checksum: finishChecksum(digest), size };
}
