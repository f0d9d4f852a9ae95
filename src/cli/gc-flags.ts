/**
 * For verbs that pass gigabytes through buffers: V8 looks for garbage each time some 64 MB of them have come and gone, and
 * marks in small steps on several threads, so that nothing is held up for long. Here nobody waits for an answer, and
 * the steps cost a tenth of all processor time: docs/decisions/0021-small-young-generation.md.
 */
export async function setGcFlags(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--no-incremental-marking');
}
