/** Entry point of the worker threads of fsck's second pass, which rehash content objects. */
import { answerCalls } from '../base/answer-calls.ts';
import { openRepo } from '../native/libc/open-repo.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { faultOfContent, readerOf } from './content-fault.ts';
import type { Fault } from './fault.ts';

export type ContentTask = {
  readonly repoPath: string;
  readonly checksums: readonly Checksum[];
};

const opened = new Map<string, Promise<Repository>>();

answerCalls(contentFaults);

/** Checks the objects of a task and returns their faults. */
async function contentFaults({ repoPath, checksums }: ContentTask): Promise<readonly Fault[]> {
  const reader = readerOf(await open(repoPath));
  const faults: Fault[] = [];
  for (const checksum of checksums) {
    const fault = await faultOfContent(reader, checksum);
    if (fault !== undefined) faults.push(fault);
  }
  return faults;
}

function open(path: string): Promise<Repository> {
  const repo = opened.get(path) ?? openRepo(path);
  opened.set(path, repo);
  return repo;
}
