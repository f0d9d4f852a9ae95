/**
 * The write threads of the process, and the requests that they answer. Starting a thread costs as much as writing
 * hundreds of objects, and an image is imported in as many transactions as it has layers, so the threads of an ended
 * transaction are kept for the next one. They do not keep the process alive.
 */

import { Thread } from '../../base/thread.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import type { SinkMetadataType } from '../../ostree/object-sink.ts';
import type { Pointer } from '../library.ts';
import type { StagedRepo } from './staging.ts';
import type { BegunTransaction, TransactionStats } from './transaction-calls.ts';

/** An object in a block of shared memory: a content object's hashed stream, or a metadata object's bytes. */
export type PackedObject = {
  readonly type: SinkMetadataType | 'commitmeta' | 'file';
  readonly checksum: Checksum;
  readonly start: number;
  readonly length: number;
};

/** Beginning and ending a transaction; `repo` is the address of the OstreeRepo that all threads share. */
type TransactionWork =
  | { readonly kind: 'prepare'; readonly repo: Pointer }
  | { readonly kind: 'commit' | 'abort'; readonly repo: Pointer; readonly syncs: boolean };

/** Work on a transaction under way. */
export type WriteWork =
  | { readonly kind: 'objects'; readonly memory: Uint8Array; readonly objects: readonly PackedObject[] }
  /** Removes those that are not sound. */
  | { readonly kind: 'sweep'; readonly names: readonly ObjectName[] }
  | { readonly kind: 'import'; readonly source: Pointer; readonly names: readonly ObjectName[] }
  /** The next bytes of a large file, in order on one thread. */
  | {
      readonly kind: 'piece';
      readonly file: number;
      readonly directory: string;
      readonly bytes: Uint8Array;
    }
  /** Ends a large file. Without a checksum it is dropped. */
  | { readonly kind: 'end'; readonly file: number; readonly checksum: Checksum | undefined };

export type WriteRequest =
  | TransactionWork
  | (WriteWork & { readonly repo: StagedRepo })
  | { readonly kind: 'ready' };

export type WriteAnswer = BegunTransaction | TransactionStats | undefined;

export type WriteThread = Thread<WriteRequest, WriteAnswer>;

const MAX_SPARE = 8;
const spare: WriteThread[] = [];

export function takeThreads(count: number): readonly WriteThread[] {
  return Array.from({ length: count }, () => spare.pop() ?? new Thread(import.meta.url, './write-thread'));
}

/** Takes threads back that have nothing more to do. */
export async function giveThreads(threads: readonly WriteThread[]): Promise<void> {
  await Promise.all(threads.map(giveThread));
}

async function giveThread(thread: WriteThread): Promise<void> {
  // The process may end at any time now, and must not meet a thread that is still loading koffi.
  const isReady = await thread.call({ kind: 'ready' }).then(
    () => true,
    () => false,
  );
  if (isReady && spare.length < MAX_SPARE) spare.push(thread);
  else await thread.close();
}
