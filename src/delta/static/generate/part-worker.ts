/** Entry point of the worker threads that make the parts of a delta, one part a call. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { answerCalls } from '../../../base/answer-calls.ts';
import { writeError } from '../../../base/atomic-file.ts';
import { freeNow } from '../../../base/bytes.ts';
import { libcXattrs } from '../../../native/libc/xattrs.ts';
import { checksumOf } from '../../../ostree/checksum.ts';
import { openRepository, type Repository } from '../../../ostree/repo/open.ts';
import { assemblePart } from '../build/assemble-part.ts';
import { checkPart } from '../build/check-part.ts';
import { KeptSources } from '../build/kept-sources.ts';
import { packPart } from '../build/pack-part.ts';
import { PACKINGS, type ProfileName } from '../build/profiles.ts';
import type { PartPlan } from '../plan/delta-plan.ts';
import { announcedSize, type BuiltPart } from './built-part.ts';

export type PartTask = {
  readonly repoPath: string;
  readonly plan: PartPlan;
  readonly profile: ProfileName;
  /** Whether to apply the part before it is written. */
  readonly check: boolean;
  /** The file to write. Its name is the number of the part. */
  readonly path: string;
};

const opened = new Map<string, Promise<Repository>>();

answerCalls(buildPart);

async function buildPart(task: PartTask): Promise<BuiltPart> {
  const repo = await openOnce(task.repoPath);
  using sources = new KeptSources(repo.objects);
  const { file, usize, payloadSize } = await packedPart(task, repo, sources);
  const built = { checksum: checksumOf(file), size: file.length, usize };
  const header = { ...built, version: 0, objects: task.plan.objects };
  if (task.check)
    await checkPart({ header, file, payloadSize, base: sources, what: `part ${basename(task.path)}` });
  try {
    await writeFile(task.path, file, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw writeError(error, task.path);
  } finally {
    freeNow(file);
  }
  return built;
}

/** Frees the payload before it returns. */
async function packedPart(
  { plan, profile }: PartTask,
  repo: Repository,
  sources: KeptSources,
): Promise<{ readonly file: Buffer; readonly usize: number; readonly payloadSize: number }> {
  const assembly = await assemblePart(plan, repo.objects, sources);
  try {
    const content = assembly.finish();
    const { payloadSize } = content;
    const file = Buffer.concat([...packPart(content, PACKINGS[profile])]);
    return { file, payloadSize, usize: announcedSize(plan, payloadSize) };
  } finally {
    assembly.free();
  }
}

function openOnce(path: string): Promise<Repository> {
  const repo = opened.get(path) ?? openRepository(path, { xattrs: libcXattrs });
  opened.set(path, repo);
  return repo;
}
