/** Entry point of a write thread. */

import { answerCalls } from '../../base/answer-calls.ts';
import { writeDetachedMetadata } from './detached-metadata.ts';
import { LargeFile } from './large-file.ts';
import type { StagedRepo } from './staging.ts';
import { syncRepo } from './sync-repo.ts';
import { abortTransaction, commitTransaction, prepareTransaction } from './transaction-calls.ts';
import { dropUnsound, importObject, writeContent, writeMetadata } from './write-objects.ts';
import type { PackedObject, WriteAnswer, WriteRequest } from './write-threads.ts';

const largeFiles = new Map<number, LargeFile>();

answerCalls((request: WriteRequest): WriteAnswer => {
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
      for (const object of request.objects) writePacked(request.repo, object, request.memory);
      return undefined;
    case 'import':
      for (const name of request.names) importObject(request.repo, request.source, name);
      return undefined;
    case 'piece':
      largeFile(request).append(request.bytes);
      return undefined;
    case 'finish':
      return endLargeFile(request.file, (file) => file.finish(request.checksum));
    case 'sync':
      syncRepo(request.repo);
      return undefined;
    case 'drop':
      return endLargeFile(request.file, () => undefined);
  }
});

function writePacked(
  repo: StagedRepo,
  { type, checksum, start, length }: PackedObject,
  memory: Uint8Array,
): void {
  const bytes = memory.subarray(start, start + length);
  if (type === 'file') writeContent(repo, checksum, bytes);
  else if (type === 'commitmeta') writeDetachedMetadata(repo.pointer, checksum, bytes);
  else writeMetadata(repo, type, checksum, bytes);
}

type Piece = Extract<WriteRequest, { readonly kind: 'piece' }>;

function largeFile({ file: id, repo, directory }: Piece): LargeFile {
  const file = largeFiles.get(id) ?? new LargeFile(repo, directory);
  largeFiles.set(id, file);
  return file;
}

function endLargeFile<Value>(id: number, work: (file: LargeFile) => Value): Value | undefined {
  const file = largeFiles.get(id);
  if (file === undefined) return undefined;
  largeFiles.delete(id);
  try {
    return work(file);
  } finally {
    file.close();
  }
}
