/**
 * V8 flags for verbs that pass gigabytes through buffers outside the heap
 * (docs/decisions/0021-small-young-generation.md). They apply from the moment they are set.
 */

/**
 * Buffers are freed when the young objects that own them are collected. A young generation that does not grow
 * is collected often.
 */
export function keepYoungGenerationSmall(): Promise<void> {
  return setFlag('--semi-space-growth-factor=1');
}

/**
 * V8 starts a major collection after every 64 MB or so of buffers, and by default marks in small concurrent
 * steps to keep pauses short. No request waits during an import, and the steps cost a tenth of all CPU time.
 */
export function disableIncrementalMarking(): Promise<void> {
  return setFlag('--no-incremental-marking');
}

/**
 * Collects everything, and gives back the pages of the heap that planning has used once. Takes a tenth of a
 * second.
 */
export async function shrinkHeap(): Promise<void> {
  const { runInNewContext } = await import('node:vm');
  await setFlag('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' });
}

async function setFlag(flag: string): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(flag);
}
