/**
 * The write threads of the process. Starting one costs as much as writing hundreds of objects, and an image is imported
 * in as many transactions as it has layers: threads of an ended transaction are kept for the next one. They do
 * not keep the process alive.
 */
import { Thread } from '../../base/thread.ts';
import type { WriteAnswer, WriteRequest } from './write-request.ts';

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
