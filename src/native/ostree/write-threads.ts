/**
 * The write threads of the process, and the requests that they answer. Starting a thread costs as much as
 * writing hundreds of objects, and an image is imported in as many transactions as it has layers, so the
 * threads of an ended transaction are kept for the next one. They do not keep the process alive.
 */
import { Thread } from '../../base/thread.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { HashedMetadataType, ObjectName } from '../../ostree/object-name.ts';
import type { Pointer } from '../library.ts';
import type { StagedRepo } from './staging.ts';
import type { BegunTransaction, TransactionStats } from './transaction-calls.ts';

/**
 * An object in a block of shared memory: the hashed stream of a content object, or the bytes of a metadata
 * object.
 */
export type PackedObject = {
  readonly type: HashedMetadataType | 'commitmeta' | 'file';
  readonly checksum: Checksum;
  readonly start: number;
  readonly length: number;
};

/** Begins or aborts a transaction; `repo` is the address of the OstreeRepo that all threads share. */
type TransactionWork =
  | { readonly kind: 'prepare'; readonly repo: Pointer }
  | { readonly kind: 'abort'; readonly repo: Pointer; readonly syncs: boolean };

/** Work within a transaction; `commit` ends it. */
export type WriteWork =
  | { readonly kind: 'objects'; readonly memory: Uint8Array; readonly objects: readonly PackedObject[] }
  /** Removes unsound objects. */
  | { readonly kind: 'sweep'; readonly names: readonly ObjectName[] }
  | { readonly kind: 'import'; readonly source: Pointer; readonly names: readonly ObjectName[] }
  /** The next bytes of a large file; all of its pieces go to one thread, in order. */
  | {
      readonly kind: 'piece';
      readonly file: number;
      readonly directory: string;
      readonly bytes: Uint8Array;
    }
  /** Writes a large file as an object; answers with its checksum. */
  | { readonly kind: 'finish'; readonly file: number; readonly checksum: Checksum | undefined }
  | { readonly kind: 'drop'; readonly file: number }
  /** Makes what is written durable, so that less is left for the commit. */
  | { readonly kind: 'sync' }
  | { readonly kind: 'commit' };

export type WriteRequest =
  | TransactionWork
  | (WriteWork & { readonly repo: StagedRepo })
  | { readonly kind: 'ready' };

export type WriteAnswer = BegunTransaction | TransactionStats | Checksum | undefined;

export type WriteThread = Thread<WriteRequest, WriteAnswer>;

const MAX_SPARE = 8;
const spare: WriteThread[] = [];

export function takeThreads(count: number): readonly WriteThread[] {
  return Array.from({ length: count }, () => spare.pop() ?? new Thread(import.meta.url, './write-thread'));
}

/** Returns threads that are idle. */
export async function giveThreads(threads: readonly WriteThread[]): Promise<void> {
  await Promise.all(threads.map(giveThread));
}

async function giveThread(thread: WriteThread): Promise<void> {
  // The process may exit at any time now, which must not happen while a thread loads koffi.
  const isReady = await thread.call({ kind: 'ready' }).then(
    () => true,
    () => false,
  );
  if (isReady && spare.length < MAX_SPARE) spare.push(thread);
  else await thread.close();
}
