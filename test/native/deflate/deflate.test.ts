import assert from 'node:assert/strict';
import test from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { deflateHere, deflateOnPool, MAX_PIECE_BYTES } from '../../../src/native/deflate/deflate.ts';
import { LastBlockFinder } from '../../../src/native/deflate/last-block.ts';
import { libdeflate } from '../../../src/native/deflate/libdeflate.ts';
import { runHere } from '../../../src/native/deflate/steps.ts';
import { Random } from '../../gvariant/random.ts';

const skip = libdeflate() === undefined && 'the runtime with libdeflate was not made (scripts/runtimes.ts)';
const SEED = Number(process.env.TREEPORT_DEFLATE_SEED ?? 20_261_128);
const CASES = Number(process.env.TREEPORT_DEFLATE_CASES ?? 80);
const EMPTY_BLOCK = Buffer.from([0, 0, 0xff, 0xff]);
const ROOM = 64 * 1024;

type Given = { readonly bytes: Buffer; readonly level: number };

/** The pieces as one stream. */
function streamOf(pieces: readonly Given[]): Buffer {
  return Buffer.concat(
    pieces.map(({ bytes, level }, index) => {
      const output = new Uint8Array(bytes.length + ROOM).fill(0xa5);
      const last = index === pieces.length - 1;
      const length = deflateHere({ bytes, level, last, output });
      const deflated = Buffer.from(output.subarray(0, length));
      if (!last) assert.ok(deflated.subarray(-4).equals(EMPTY_BLOCK));
      return deflated;
    }),
  );
}

/** Checks that it is one stream, which ends with the bytes, and what it inflates to. */
function assertInflates(stream: Buffer, expected: Buffer, what: string): void {
  const { buffer, engine } = inflateRawSync(stream, { info: true }) as unknown as {
    readonly buffer: Buffer;
    readonly engine: { readonly bytesWritten: number };
  };
  assert.equal(engine.bytesWritten, stream.length, what);
  assert.ok(buffer.equals(expected), what);
}

/** Runs of noise, zeros, text and few different bytes. */
function content(random: Random, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let left = size; left > 0; ) {
    const length = Math.min(left, 1 + random.below(random.pick([10, 1000, 100_000, size])));
    parts.push(part(random, length));
    left -= length;
  }
  return Buffer.concat(parts);
}

function part(random: Random, length: number): Buffer {
  const kind = random.below(4);
  if (kind === 0) return Buffer.alloc(length, random.below(2));
  const words = new Uint32Array(Math.ceil(length / 4)).map(() => random.next());
  const noise = Buffer.from(words.buffer, 0, length);
  if (kind === 1) return noise;
  if (kind === 2) return noise.map((byte) => 97 + (byte % 3)) as Buffer;
  return Buffer.from('the quick brown fox '.repeat(Math.ceil(length / 20))).subarray(0, length);
}

test('random pieces of all levels make one stream', { skip }, () => {
  const random = new Random(SEED);
  for (let number = 0; number < CASES; number += 1) {
    const pieces = Array.from({ length: 1 + random.below(4) }, () => ({
      bytes: content(random, 1 + random.below(random.pick([4, 100, 20_000, MAX_PIECE_BYTES]))),
      level: 1 + random.below(9),
    }));
    const expected = Buffer.concat(pieces.map(({ bytes }) => bytes));
    assertInflates(streamOf(pieces), expected, `seed ${SEED}, case ${number}`);
  }
});

test('pieces may end at any bit of a byte', { skip }, () => {
  const random = new Random(SEED);
  const text = Buffer.from(Array.from({ length: 200 }, () => 97 + random.below(5)));
  const end = { bytes: Buffer.from('end'), level: 6 };
  const finder = new LastBlockFinder(text.length);
  const bits = new Set<number>();
  for (let length = 1; length <= text.length; length += 1) {
    const piece = { bytes: text.subarray(0, length), level: 6 };
    assertInflates(streamOf([piece, end]), Buffer.concat([piece.bytes, end.bytes]), `${length} bytes`);
    bits.add(runHere(finder.find(piece.bytes, streamOf([piece]))).end % 8);
  }
  assert.equal(bits.size, 8);
});

test('nothing, one byte, noise, zeros and pieces of the full size', { skip }, () => {
  const random = new Random(SEED);
  const words = new Uint32Array(MAX_PIECE_BYTES / 4).map(() => random.next());
  const full = Buffer.from(words.buffer);
  for (const level of [1, 6, 9]) {
    for (const bytes of [Buffer.alloc(1), full, Buffer.alloc(MAX_PIECE_BYTES), full.subarray(0, 65_536)]) {
      for (const end of [Buffer.alloc(0), Buffer.alloc(1), bytes]) {
        const pieces = [bytes, bytes, end].map((piece) => ({ bytes: piece, level }));
        assertInflates(
          streamOf(pieces),
          Buffer.concat([bytes, bytes, end]),
          `${bytes.length}, level ${level}`,
        );
      }
    }
    assertInflates(streamOf([{ bytes: Buffer.alloc(0), level }]), Buffer.alloc(0), 'nothing');
  }
});

test('the pool makes the same bytes, several pieces at a time', { skip }, async () => {
  const random = new Random(SEED);
  const pieces = Array.from({ length: 12 }, () => content(random, MAX_PIECE_BYTES - random.below(1000)));
  await Promise.all(
    pieces.map(async (bytes, index) => {
      const options = { bytes, level: 1 + (index % 9), last: index % 2 === 0 };
      const [here, there] = [new Uint8Array(bytes.length + ROOM), new Uint8Array(bytes.length + ROOM)];
      const length = await deflateOnPool({ ...options, output: there });
      assert.equal(deflateHere({ ...options, output: here }), length);
      assert.ok(Buffer.from(here.buffer, 0, length).equals(there.subarray(0, length)), `piece ${index}`);
    }),
  );
});

test('output that is too small is refused', { skip }, () => {
  const piece = { bytes: Buffer.alloc(5000, 'x'), level: 6, last: true, output: new Uint8Array(10) };
  assert.throws(() => deflateHere(piece), { code: 'ERR_INTERNAL', message: /more room/ });
});

test('the last block is found wherever it begins, and bytes that differ are noticed', { skip }, () => {
  const bytes = content(new Random(SEED), 300_000);
  const finder = new LastBlockFinder(bytes.length);
  const find = (deflated: Buffer) => runHere(finder.find(bytes, deflated));
  const last = bytes.subarray(-100);
  const rest = deflateRawSync(bytes.subarray(0, -100), { finishFlush: constants.Z_SYNC_FLUSH });
  const good = Buffer.concat([rest, deflateRawSync(last)]);
  assert.equal(find(good).start, rest.length * 8);
  assert.throws(
    () => find(Buffer.concat([rest, deflateRawSync(Buffer.from(last).reverse())])),
    /other bytes/,
  );
  assert.throws(() => find(Buffer.concat([rest, deflateRawSync(last.subarray(1))])), /other bytes/);
  assert.throws(() => find(rest), /inflate answered -5/);
  assert.throws(() => find(Buffer.concat([rest, Buffer.from([7])])), /inflate answered -3/);
  assert.equal(find(good).start, rest.length * 8);
  const zeros = Buffer.alloc(bytes.length);
  assert.equal(runHere(finder.find(zeros, deflateRawSync(zeros))).start, 0);
});
