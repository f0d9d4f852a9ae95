/**
 * Applies the parts of a delta on worker threads, a part on each: they decompress it, run its operations and
 * hash its objects. Parts are independent, so their objects come in no order. Memory is that of one part, its
 * sources and two batches for each thread.
 */
import { availableParallelism } from 'node:os';
import { freeNow } from '../../base/bytes.ts';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import { Thread } from '../../base/thread.ts';
import { BATCH_BYTES, type BatchMemory, batchedObjects, type MadeBatch } from './apply-batch.ts';
import type { MadeObject } from './apply-part.ts';
import type { ApplyAnswer, ApplyRequest } from './apply-worker.ts';
import type { StaticDelta } from './open-delta.ts';
import type { PartHeader } from './superblock.ts';

export type ApplyPartsOptions = {
  readonly repoPath: string;
  /** `<checksum>.<type>` of the objects of the commit that the delta starts from. */
  readonly base: ReadonlySet<string>;
  /** Gets each object; its bytes are only valid during the call. Calls overlap. */
  readonly take: (made: MadeObject) => Promise<void>;
  /** Called after each part. */
  readonly onPart?: ((header: PartHeader) => void) | undefined;
};

type ApplyThread = Thread<ApplyRequest, ApplyAnswer>;

const MAX_THREADS = 4;
/** The bytes of parts and objects are outside the heap; lists of objects are in it. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 512, stackSizeMb: 1 };

/** The errors of `readPart` and `applyPart`, and those of `take`. */
export async function applyParts(delta: StaticDelta, options: ApplyPartsOptions): Promise<void> {
  const { parts } = delta.parsed;
  const { repoPath, base, take, onPart } = options;
  const count = Math.min(availableParallelism(), MAX_THREADS, parts.length);
  const threads = Array.from(
    { length: count },
    (): ApplyThread => new Thread(import.meta.url, './apply-worker', LIMITS),
  );
  try {
    await Promise.all(threads.map((thread) => thread.call({ kind: 'open', repoPath, base })));
    const idle = [...threads];
    await eachConcurrently(parts.entries(), count, async ([index, header], signal) => {
      const thread = idle.pop() as ApplyThread;
      for await (const made of objectsOfPart(thread, delta, index)) {
        signal.throwIfAborted();
        await take(made);
      }
      idle.push(thread);
      onPart?.(header);
    });
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}

async function* objectsOfPart(
  thread: ApplyThread,
  delta: StaticDelta,
  index: number,
): AsyncGenerator<MadeObject> {
  const header = delta.parsed.parts[index] as PartHeader;
  const file = new Uint8Array(delta.partFile(index));
  const what = `part ${index} of ${delta.what}`;
  await thread.call({ kind: 'begin', what, header, file }, [file.buffer]);
  const next = (memory: BatchMemory) =>
    thread.call({ kind: 'next', memory }, [memory.buffer]) as Promise<MadeBatch>;
  let spare = new Uint8Array(BATCH_BYTES);
  for (let upcoming = next(new Uint8Array(BATCH_BYTES)); ; ) {
    const batch = await upcoming;
    // The thread works on while the consumer has these objects.
    if (!batch.isLast) upcoming = next(spare);
    upcoming.catch(() => {});
    yield* batchedObjects(batch);
    if (batch.isLast) {
      freeNow(batch.memory);
      freeNow(spare);
      return;
    }
    spare = batchMemory(batch.memory);
  }
}

/** Memory for a batch: this, unless it was made for a larger object. */
function batchMemory(memory: BatchMemory): BatchMemory {
  if (memory.length === BATCH_BYTES) return memory;
  freeNow(memory);
  return new Uint8Array(BATCH_BYTES);
}
