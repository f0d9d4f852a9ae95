import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import test from 'node:test';
import zlib, { deflateRawSync } from 'node:zlib';
import { collect } from '../../src/base/bytes.ts';
import { isTreeportError, TreeportError } from '../../src/base/errors.ts';
import { inflate, inflateSmall } from '../../src/ostree/inflate.ts';
import { inflateInPlace, inflateWholeInPlace, type Take } from '../../src/ostree/inflate-in-place.ts';

const CONTENT = Buffer.alloc(900_000, 'words that compress well. ');
const DEFLATED = deflateRawSync(CONTENT);

/** Pieces of this size, so that ends fall inside and between them. */
function pieces(bytes: Buffer, size: number): AsyncIterable<Buffer> {
  return (async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })();
}

/** The same pieces, each in the memory of the one before. */
function* overwritten(bytes: Buffer, size: number): Generator<Uint8Array> {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    memory.fill(0xff);
    yield memory.subarray(0, bytes.copy(memory, 0, at));
  }
}

/** Copies of what is given in place. */
async function* taken(read: (take: Take) => Promise<void> | void): AsyncGenerator<Buffer> {
  const copies: Buffer[] = [];
  await read((piece) => copies.push(Buffer.from(piece)));
  yield* copies;
}

const ways: Readonly<Record<string, (bytes: Buffer, size: number) => AsyncIterable<Buffer>>> = {
  'in one call': (bytes, size) => inflateSmall(bytes, size, 'abc.filez'),
  'in pieces': (bytes, size) => inflate(pieces(bytes, 1000), size, 'abc.filez'),
  'in pieces that end with the data': (bytes, size) =>
    inflate(pieces(bytes, DEFLATED.length), size, 'abc.filez'),
  'in one call, in place': (bytes, size) =>
    taken((take) => inflateWholeInPlace(bytes, size, 'abc.filez', take)),
  'in pieces, in place': (bytes, size) =>
    taken((take) => inflateInPlace(overwritten(bytes, 1000), size, 'abc.filez', take)),
  'in pieces that end with the data, in place': (bytes, size) =>
    taken((take) => inflateInPlace(overwritten(bytes, DEFLATED.length), size, 'abc.filez', take)),
};

for (const [way, inflated] of Object.entries(ways)) {
  test(`inflating ${way}`, async (t) => {
    await t.test('gives the bytes', async () => {
      assert.ok((await collect(inflated(DEFLATED, CONTENT.length))).equals(CONTENT));
    });
    await t.test('gives nothing for an empty file', async () => {
      assert.equal((await collect(inflated(Buffer.from('0300', 'hex'), 0))).length, 0);
      assert.equal((await collect(inflated(Buffer.from('010000ffff', 'hex'), 0))).length, 0);
    });
    const corrupt: Record<string, readonly [Buffer, number]> = {
      'a flipped byte': [flipped(DEFLATED, 20), CONTENT.length],
      'a truncated stream': [DEFLATED.subarray(0, -1), CONTENT.length],
      'no bytes': [Buffer.alloc(0), 0],
      'trailing garbage': [Buffer.concat([DEFLATED, Buffer.from('x')]), CONTENT.length],
      'a second stream behind it': [Buffer.concat([DEFLATED, DEFLATED]), CONTENT.length],
      'more than was announced': [DEFLATED, CONTENT.length - 1],
      'less than was announced': [DEFLATED, CONTENT.length + 1],
      'something for an empty file': [DEFLATED, 0],
      'one byte for an empty file': [deflateRawSync(Buffer.from('x')), 0],
    };
    for (const [what, [bytes, size]] of Object.entries(corrupt)) {
      await t.test(`${what} is a corrupt object`, async () => {
        await assert.rejects(
          collect(inflated(bytes, size)),
          (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT') && error.message.includes('abc.filez'),
        );
      });
    }
  });
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

test('a fault of the input is thrown as it is', async () => {
  async function* broken(): AsyncGenerator<Buffer> {
    yield DEFLATED.subarray(0, 100);
    throw new TreeportError('ERR_OBJECT_UNREADABLE', 'the disk is gone');
  }
  await assert.rejects(collect(inflate(broken(), CONTENT.length, 'abc.filez')), (error) =>
    isTreeportError(error, 'ERR_OBJECT_UNREADABLE'),
  );
});

test('a consumer may stop early', async () => {
  for await (const piece of inflate(pieces(DEFLATED, 100), CONTENT.length, 'abc.filez')) {
    assert.ok(piece.length > 0);
    break;
  }
});

test('bytes inflated in place are freed, a whole buffer at a time', async () => {
  const memory = new Set<ArrayBufferLike>();
  const take = (piece: Uint8Array) => void memory.add(piece.buffer);
  const areFreed = () => {
    assert.ok(memory.size > 5);
    assert.ok([...memory].filter(({ byteLength }) => byteLength > 0).length <= 1);
    memory.clear();
  };
  await inflateWholeInPlace(DEFLATED, CONTENT.length, 'abc.filez', take);
  await inflateWholeInPlace(deflateRawSync(Buffer.from('x')), 1, 'abc.filez', take);
  areFreed();
  await inflateInPlace(overwritten(DEFLATED, 1000), CONTENT.length, 'abc.filez', take);
  areFreed();
});

test('whole objects share an engine, those that are inflated at once have one each', async (t) => {
  const made = t.mock.method(zlib, 'createInflateRaw');
  syncBuiltinESMExports();
  t.after(syncBuiltinESMExports);
  const objects = Array.from({ length: 20 }, (_, index) => Buffer.alloc(index * 10_000, `${index}`));
  const inflated = async (content: Buffer) => {
    const way = taken((take) =>
      inflateWholeInPlace(deflateRawSync(content), content.length, 'abc.filez', take),
    );
    assert.ok((await collect(way)).equals(content));
  };
  for (const content of objects) await inflated(content);
  assert.ok(made.mock.callCount() <= 1);
  await Promise.all(objects.slice(0, 3).map(inflated));
  assert.ok(made.mock.callCount() <= 3);
});

test('an object that announces too little gives no more than that', async () => {
  const bomb = deflateRawSync(Buffer.alloc(50_000_000));
  const state = { taken: 0 };
  const take = (piece: Uint8Array) => {
    state.taken += piece.length;
  };
  await assert.rejects(inflateWholeInPlace(bomb, 1000, 'abc.filez', take), /more than the announced 1000/);
  assert.equal(state.taken, 0);
});
