import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import {
  BATCH_BYTES,
  type BatchMemory,
  BatchPacker,
  batchedObjects,
  type MadeBatch,
} from '../../../src/delta/static/apply-batch.ts';
import type { MadeObject } from '../../../src/delta/static/apply-part.ts';
import { storedBytes } from '../../../src/ostree/object-source.ts';
import { repeatedChecksum } from '../../support/checksums.ts';

const HEADER = { uid: 1, gid: 2, mode: 0o100644, target: '' } as const;

/** In two pieces, with attributes that are a view of something large. */
function file(digits: string, bytes: Buffer): MadeObject {
  const header = { ...HEADER, xattrs: Buffer.alloc(100_000, digits).subarray(0, 3) };
  const middle = Math.floor(bytes.length / 2);
  const stream = async function* () {
    yield bytes.subarray(0, middle);
    yield bytes.subarray(middle);
  };
  return {
    type: 'file',
    checksum: repeatedChecksum(digits),
    content: { ...storedBytes(header, bytes), stream },
  };
}

function link(digits: string, target: string): MadeObject {
  const header = { ...HEADER, mode: 0o120777, target, xattrs: Buffer.alloc(0) };
  return {
    type: 'file',
    checksum: repeatedChecksum(digits),
    content: storedBytes(header, Buffer.alloc(0)),
  };
}

function dirmeta(digits: string, bytes: Buffer): MadeObject {
  return { type: 'dirmeta', checksum: repeatedChecksum(digits), bytes };
}

/** What a consumer sees of an object. */
async function seen(made: MadeObject): Promise<unknown> {
  const { type, checksum } = made;
  if (made.type !== 'file') return { type, checksum, bytes: made.bytes.toString('base64') };
  const { header, size, stream } = made.content;
  const bytes = (await collect(stream())).toString('base64');
  return {
    type,
    checksum,
    size,
    bytes,
    header: { ...header, xattrs: Buffer.from(header.xattrs).toString() },
  };
}

async function* each(objects: readonly MadeObject[]): AsyncGenerator<MadeObject> {
  yield* objects;
}

/** Packs and unpacks; the memory of a batch is overwritten afterwards, as the next batch would. */
async function batches(objects: readonly MadeObject[], check: (batch: MadeBatch) => void = () => {}) {
  const packer = new BatchPacker(each(objects));
  const unpacked: unknown[] = [];
  const counts: number[] = [];
  let memory: BatchMemory = new Uint8Array(BATCH_BYTES);
  for (;;) {
    const batch = await packer.next(memory);
    check(batch);
    for (const made of batchedObjects(structuredClone(batch))) unpacked.push(await seen(made));
    counts.push(batch.objects.length);
    memory = batch.memory.length === BATCH_BYTES ? batch.memory.fill(0xee) : new Uint8Array(BATCH_BYTES);
    if (batch.isLast) return { unpacked, counts };
  }
}

test('objects of every kind come out as they went in, in the same order', async () => {
  const half = BATCH_BYTES / 2;
  const objects = [
    dirmeta('aa', Buffer.from('metadata')),
    file('ab', Buffer.from('content')),
    link('ac', '/somewhere'),
    file('ad', Buffer.alloc(0)),
    file('ae', Buffer.alloc(half, 'h')),
    file('af', Buffer.alloc(half, 'i')),
    file('ba', Buffer.alloc(3 * BATCH_BYTES + 7, 'large')),
    file('bb', Buffer.alloc(BATCH_BYTES, 'full')),
    dirmeta('bc', Buffer.alloc(BATCH_BYTES + 1, 'x')),
  ];
  const { unpacked, counts } = await batches(objects);
  assert.deepEqual(unpacked, await Promise.all(objects.map(seen)));
  assert.deepEqual(counts, [5, 1, 1, 1, 1]);
});

test('only an object that is larger than a batch has memory of its own', async () => {
  const sizes: number[] = [];
  const large = Buffer.alloc(BATCH_BYTES + 1);
  const objects = [file('aa', large), file('ab', Buffer.alloc(10)), file('ac', Buffer.alloc(BATCH_BYTES))];
  await batches(objects, ({ memory }) => sizes.push(memory.length));
  assert.deepEqual(sizes, [large.length, BATCH_BYTES, BATCH_BYTES]);
});

test('what goes to the other thread is the batch alone', async () => {
  await batches([file('aa', Buffer.alloc(10)), file('ab', Buffer.alloc(10))], ({ objects }) => {
    for (const object of objects) {
      assert.ok(object.type === 'file');
      assert.equal(object.header.xattrs.buffer.byteLength, 3);
    }
  });
});

test('a part without objects is one empty batch', async () => {
  assert.deepEqual(await batches([]), { unpacked: [], counts: [0] });
});
