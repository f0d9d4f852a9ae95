/** Entry point of a write thread. */

import { answerCalls } from '../../base/answer-calls.ts';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { writeDetachedMetadata } from './detached-metadata.ts';
import { LargeFile } from './large-file.ts';
import type { StagedRepo } from './staging.ts';
import { syncRepo } from './sync-repo.ts';
import { abortTransaction, commitTransaction, prepareTransaction } from './transaction-calls.ts';
import { dropUnsound, importObject, writeContent, writeMetadata } from './write-objects.ts';
import type { PackedObject, WriteAnswer, WriteRequest } from './write-threads.ts';

/** Objects that are deflated; the pool has four threads, and the stream needs one. */
const AT_ONCE = 3;

const largeFiles = new Map<number, LargeFile>();

answerCalls((request: WriteRequest): WriteAnswer | Promise<WriteAnswer> => {
  switch (request.kind) {
    case 'ready':
      return undefined;
    case 'prepare':
      return prepareTransaction(request.repo);
    case 'commit':
      return commitTransaction(request.repo);
    case 'abort':
      abortTransaction(request.repo, request.syncs);
      return undefined;
    case 'sweep':
      dropUnsound(request.repo, request.names);
      return undefined;
    case 'objects':
      return writeBatch(request);
    case 'import':
      for (const name of request.names) importObject(request.repo, request.source, name);
      return undefined;
    case 'piece':
      return largeFile(request)
        .append(request.bytes)
        .then(() => undefined);
    case 'finish':
      return endLargeFile(request.file, (file) => file.finish(request.checksum));
    case 'sync':
      syncRepo(request.repo);
      return undefined;
    case 'drop':
      return endLargeFile(request.file, () => undefined);
  }
});

type Batch = Extract<WriteRequest, { readonly kind: 'objects' }>;

/** Returns when nothing reads the memory any more. Large objects first, so that none is waited for alone. */
async function writeBatch({ repo, objects, memory }: Batch): Promise<undefined> {
  const largestFirst = objects.toSorted((a, b) => b.length - a.length);
  await eachConcurrently(largestFirst, AT_ONCE, (object) => writePacked(repo, object, memory));
  return undefined;
}

async function writePacked(
  repo: StagedRepo,
  { type, checksum, start, length }: PackedObject,
  memory: Uint8Array,
): Promise<void> {
  const bytes = memory.subarray(start, start + length);
  if (type === 'file') await writeContent(repo, checksum, bytes);
  else if (type === 'commitmeta') writeDetachedMetadata(repo.pointer, checksum, bytes);
  else writeMetadata(repo, type, checksum, bytes);
}

type Piece = Extract<WriteRequest, { readonly kind: 'piece' }>;

function largeFile({ file: id, repo, directory }: Piece): LargeFile {
  const file = largeFiles.get(id) ?? new LargeFile(repo, directory);
  largeFiles.set(id, file);
  return file;
}

async function endLargeFile<Value>(
  id: number,
  work: (file: LargeFile) => Promise<Value> | undefined,
): Promise<Value | undefined> {
  const file = largeFiles.get(id);
  if (file === undefined) return undefined;
  largeFiles.delete(id);
  try {
    return await work(file);
  } finally {
    file.close();
  }
}
