/** Entry point of the worker threads of fsck's second pass, which rehash content objects. */
import { answerCalls } from '../base/answer-calls.ts';
import { libcXattrs } from '../native/libc/xattrs.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { openRepository, type Repository } from '../ostree/repo/open.ts';
import { verifyInPlace } from '../ostree/verify.ts';
import { type Fault, faultOf } from './fault.ts';

export type ContentTask = {
  readonly repoPath: string;
  readonly checksums: readonly Checksum[];
};

const opened = new Map<string, Promise<Repository>>();

answerCalls(contentFaults);

/** Checks the objects of a task and returns their faults. */
async function contentFaults({ repoPath, checksums }: ContentTask): Promise<readonly Fault[]> {
  const repo = await open(repoPath);
  const faults: Fault[] = [];
  for (const checksum of checksums) {
    const fault = await checkObject(repo, checksum);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

function open(path: string): Promise<Repository> {
  const repo = opened.get(path) ?? openRepository(path, { xattrs: libcXattrs });
  opened.set(path, repo);
  return repo;
}

async function checkObject(repo: Repository, checksum: Checksum): Promise<Fault | undefined> {
  try {
    await verifyInPlace(repo.objects, checksum);
    return undefined;
  } catch (error) {
    return faultOf({ type: 'file', checksum }, error);
  }
}
