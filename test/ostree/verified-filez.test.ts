import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isTreeportError } from '../../src/base/errors.ts';
import { assumeChecksum } from '../../src/ostree/checksum.ts';
import { deflate, encodeVerifiedFilez } from '../../src/ostree/verified-filez.ts';
import { fileDigest } from '../../src/ostree/verify.ts';

const LEVEL = 1;

function samples(): Buffer[] {
  const sizes = [4097, 60_000, 65_535, 65_536, 200_000, 1 << 20];
  return sizes.flatMap((size) => [
    randomBytes(size),
    Buffer.alloc(size, 'treeport serves trees\n'),
    Buffer.alloc(size),
  ]);
}

test('every size gives one complete stream, the same as by a call of zlib', async () => {
  for (const bytes of samples()) {
    assert.deepEqual(Buffer.concat(await deflate(bytes, LEVEL)), deflateRawSync(bytes, { level: LEVEL }));
  }
});

test('bytes do not depend on what was compressed before', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const bytes = words(seed, 4097 + ((seed * 37) % 3000));
    assert.deepEqual(
      Buffer.concat(await deflate(bytes, LEVEL)),
      deflateRawSync(bytes, { level: LEVEL }),
      `text ${seed}`,
    );
  }
});

/** Text of few words in an order of its own for each seed. */
function words(seed: number, size: number): Buffer {
  let state = seed;
  let text = '';
  while (text.length < size) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += `${((state >>> 16) % 997).toString(36)} `;
  }
  return Buffer.from(text.slice(0, size));
}

test('several at once do not mix', async () => {
  const inputs = samples();
  const outputs = await Promise.all(inputs.map((bytes) => deflate(bytes, LEVEL)));
  for (const [index, parts] of outputs.entries()) {
    assert.deepEqual(inflateRawSync(Buffer.concat(parts)), inputs[index]);
  }
});

test('a few bytes are stored, none at all are the stream that libostree writes', async () => {
  assert.equal(Buffer.concat(await deflate(Buffer.from('foo'), LEVEL)).toString('hex'), '010300fcff666f6f');
  assert.equal(Buffer.concat(await deflate(Buffer.alloc(0), LEVEL)).toString('hex'), '0300');
  const most = randomBytes(4096);
  const stored = Buffer.concat(await deflate(most, LEVEL));
  assert.equal(stored.length, 4096 + 5);
  assert.deepEqual(inflateRawSync(stored), most);
});

test('level 0 stores everything', async () => {
  for (const bytes of samples()) {
    const stored = Buffer.concat(await deflate(bytes, 0));
    assert.equal(stored.length, bytes.length + 5 * Math.ceil(bytes.length / 65_535));
    assert.deepEqual(inflateRawSync(stored), bytes);
  }
});

test('the memory of a source stays as it is, and its bytes must have the announced size', async () => {
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
  for (const size of [100, 5000, 70_000, 300_000]) {
    const bytes = randomBytes(size);
    const checksum = assumeChecksum(fileDigest(header).update(bytes).digest('hex'));
    const object = { header, size, stream: () => pieces(bytes) };
    const filez = await encodeVerifiedFilez(object, checksum, LEVEL);
    assert.equal(bytes.length, size);
    assert.ok(filez.equals(await encodeVerifiedFilez(object, checksum, LEVEL)));
    const body = filez.subarray(8 + filez.readUInt32BE(0));
    assert.ok(bytes.equals(inflateRawSync(body)));
    for (const wrong of [size - 1, size + 1])
      await assert.rejects(encodeVerifiedFilez({ ...object, size: wrong }, checksum, LEVEL), (error) =>
        isTreeportError(error, 'ERR_OBJECT_CORRUPT'),
      );
  }
});

/** In two pieces, which lie in memory of the source. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 64);
  yield bytes.subarray(64);
}
