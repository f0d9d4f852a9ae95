/** Reads the objects of a part of a virtual delta, one behind the other, into one piece of memory. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { asBuffer, copyPieces, mappedBuffer } from '../../base/bytes.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { isHashedMetadata, type ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource, StoredObject } from '../../ostree/object-source.ts';
import { verifiedStream } from '../../ostree/verify.ts';
import { deltaFault } from '../static/delta-fault.ts';
import type { PartObject } from './part-thread.ts';

/** What is verified of the objects. */
export type Verified = 'all' | 'metadata';

export type PartMemory = Uint8Array<ArrayBuffer>;

export type FilledMemory = { readonly memory: PartMemory; readonly objects: readonly PartObject[] };

type Described = { readonly name: ObjectName; readonly size: number; readonly content?: StoredObject };

/** Small files are read synchronously; requests are answered in between. */
const READ_MS = 5;

/** ERR_OBJECT_MISSING, ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT. */
export async function readPartObjects(
  source: ObjectSource,
  names: readonly ObjectName[],
  verify: Verified,
): Promise<FilledMemory> {
  const turns = new Turns();
  const described: Described[] = [];
  for (const name of names) {
    described.push(await describe(source, name));
    await turns.pause();
  }
  const memory = mappedBuffer(described.reduce((sum, { size }) => sum + size, 0));
  const position = { at: 0 };
  for (const object of described) {
    await readInto(memory.subarray(position.at, position.at + object.size), source, object, verify);
    position.at += object.size;
    await turns.pause();
  }
  return { memory, objects: described.map(({ size, content }) => ({ size, header: content?.header })) };
}

async function describe(source: ObjectSource, name: ObjectName): Promise<Described> {
  const { type, checksum } = name;
  if (type === 'file') {
    const content = await source.content(checksum);
    return { name, size: content.size, content };
  }
  if (!isHashedMetadata(type)) throw deltaFault(`object ${checksum}.${type} cannot be in a virtual delta`);
  return { name, size: (await verifiedMetadata(source, type, checksum)).length };
}

async function readInto(
  target: Uint8Array,
  source: ObjectSource,
  { name: { type, checksum }, content }: Described,
  verify: Verified,
): Promise<void> {
  if (content === undefined) {
    if (type !== 'file') target.set(await source.metadata(type, checksum));
    return;
  }
  // Sources fill memory that they are given, and would never fill none.
  const memory = target.length > 0 ? asBuffer(target) : undefined;
  await copyPieces(
    verify === 'all' ? verifiedStream(content, checksum, memory) : content.stream(memory),
    target,
  );
}

/** Lets the event loop turn now and then. */
class Turns {
  #began = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.#began < READ_MS) return;
    await nextTurn();
    this.#began = performance.now();
  }
}
