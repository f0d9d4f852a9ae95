import assert from 'node:assert/strict';
import test from 'node:test';
import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { PieceInflater } from '../../../src/native/deflate/inflate-piece.ts';
import { libdeflate } from '../../../src/native/deflate/libdeflate.ts';
import { decompressInPlace } from '../../../src/oci/read/decompress.ts';
import { FrameCount } from '../../../src/oci/read/frame-count.ts';
import { PieceMembers } from '../../../src/oci/read/piece-members.ts';
import { PushbackInput } from '../../../src/oci/read/pushback-input.ts';
import { compressStream } from '../../../src/oci/write/compress-stream.ts';
import { mixedBytes } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const skip = libdeflate() === undefined && 'the runtime package has no libdeflate';
const PIECE = 512 * 1024;
const BYTES = mixedBytes(5 * PIECE + 12_345);
const NOISE = noise(3 * PIECE + 1);
const INPUTS = [1_000_000, 65_536, 4321];

/** Bytes that deflate stores, the same each time. */
function noise(length: number): Buffer {
  const at = { state: 1 };
  return Buffer.from(
    Array.from({ length }, () => {
      at.state = (Math.imul(at.state, 1664525) + 1013904223) >>> 0;
      return at.state >>> 24;
    }),
  );
}

const MEMBER_HEADER = Buffer.from('1f8b08000000000000ff', 'hex');

type Cut = { readonly size: number; readonly flush: number };

/** One member, in pieces that are flushed: Z_FULL_FLUSH makes each independent, Z_SYNC_FLUSH does not. */
function member(bytes: Buffer, { size, flush }: Cut): Buffer {
  const parts: Buffer[] = [];
  const window = flush === constants.Z_SYNC_FLUSH ? 32 * 1024 : 0;
  for (let at = 0; at < bytes.length || at === 0; at += size) {
    const dictionary = bytes.subarray(Math.max(0, at - window), at);
    const finishFlush = at + size >= bytes.length ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    const options = { finishFlush, ...(dictionary.length > 0 ? { dictionary } : {}) };
    parts.push(deflateRawSync(bytes.subarray(at, at + size), options));
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(bytes), 0);
  trailer.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([MEMBER_HEADER, ...parts, trailer]);
}

async function* ownPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for await (const piece of inPieces(bytes, size)) {
    const own = Buffer.allocUnsafeSlow(piece.length);
    own.set(piece);
    yield own;
  }
}

async function gunzipped(bytes: Buffer, size = 50_000): Promise<Buffer> {
  const copies: Buffer[] = [];
  for await (const piece of decompressInPlace(ownPieces(bytes, size))) copies.push(Buffer.from(piece));
  return Buffer.concat(copies);
}

const [FULL, SYNC] = [constants.Z_FULL_FLUSH, constants.Z_SYNC_FLUSH];
const MEMBERS: readonly (readonly [string, Buffer, Buffer])[] = [
  ['pieces of ours', member(BYTES, { size: PIECE, flush: FULL }), BYTES],
  ['pieces that refer to those before', member(BYTES, { size: PIECE, flush: SYNC }), BYTES],
  ['pieces that are too large', member(BYTES, { size: 2 * PIECE, flush: FULL }), BYTES],
  ['tiny pieces', member(BYTES, { size: 1000, flush: FULL }), BYTES],
  ['no pieces', gzipSync(BYTES), BYTES],
  ['noise', member(NOISE, { size: PIECE, flush: FULL }), NOISE],
  ['one byte', member(BYTES.subarray(0, 1), { size: PIECE, flush: FULL }), BYTES.subarray(0, 1)],
  ['nothing', member(Buffer.alloc(0), { size: PIECE, flush: FULL }), Buffer.alloc(0)],
  [
    'a whole number of pieces',
    member(BYTES.subarray(0, 2 * PIECE), { size: PIECE, flush: FULL }),
    BYTES.subarray(0, 2 * PIECE),
  ],
];

for (const [name, compressed, bytes] of MEMBERS) {
  test(`${name}, alone and among others`, { skip }, async () => {
    for (const size of INPUTS) assert.ok((await gunzipped(compressed, size)).equals(bytes), `${size}`);
    const around = member(NOISE, { size: PIECE, flush: FULL });
    const three = await gunzipped(Buffer.concat([around, compressed, around]));
    assert.ok(three.equals(Buffer.concat([NOISE, bytes, NOISE])));
    const twice = await gunzipped(Buffer.concat([compressed, gzipSync(bytes), compressed]));
    assert.ok(twice.equals(Buffer.concat([bytes, bytes, bytes])));
  });

  test(`${name}: what is cut off or changed is an error`, { skip }, async () => {
    const lengths = [1, 4, 8, 9, 13, 100_000].map((less) => compressed.length - less);
    for (const length of lengths.filter((length) => length > 0))
      await assert.rejects(gunzipped(compressed.subarray(0, length)), /unexpected end of file/, `${length}`);
    for (const [at, message] of [
      [-8, 'incorrect data check'],
      [-4, 'incorrect length check'],
    ] as const) {
      const changed = Buffer.from(compressed);
      changed[changed.length + at] = (changed.at(at) as number) ^ 1;
      await assert.rejects(gunzipped(changed), { message });
    }
    await assert.rejects(gunzipped(Buffer.concat([compressed, Buffer.alloc(20)])), /incorrect header check/);
  });
}

test('every flipped bit of a piece is an error', { skip }, async () => {
  const compressed = member(BYTES.subarray(0, PIECE + 1000), { size: PIECE, flush: FULL });
  for (let at = 10; at < compressed.length; at += Math.ceil(compressed.length / 40)) {
    const changed = Buffer.from(compressed);
    changed[at] = (changed[at] as number) ^ (1 << (at % 8));
    await assert.rejects(gunzipped(changed), Error, `${at}`);
  }
});

test('a header with a name, and the end of a piece inside a piece', { skip }, async () => {
  const named = Buffer.from(gzipSync(BYTES));
  const withName = Buffer.concat([
    named.subarray(0, 3),
    Buffer.from([8]),
    named.subarray(4, 10),
    Buffer.from('name\0'),
    named.subarray(10),
  ]);
  assert.ok((await gunzipped(withName)).equals(BYTES));
  const stored = Buffer.from(NOISE);
  for (const at of [1000, 70_000, PIECE + 5, 2 * PIECE - 3]) stored.write('0000ffff', at, 'hex');
  assert.ok((await gunzipped(member(stored, { size: PIECE, flush: FULL }))).equals(stored));
});

/** How many pieces libdeflate inflates, when zlib inflates none. */
async function piecesOf(layer: Buffer): Promise<number> {
  const inflater = PieceInflater.open() as PieceInflater;
  const counted = { pieces: 0 };
  const inflate = inflater.inflate.bind(inflater);
  inflater.inflate = async (input, output) => {
    counted.pieces += 1;
    return inflate(input, output);
  };
  const zlib = { fill: () => Promise.reject(new Error('zlib')), [Symbol.dispose]: () => {} };
  const input = new PushbackInput(ownPieces(layer, 50_000));
  using members = new PieceMembers(input, { inflater, zlib, frames: new FrameCount() });
  const block = Buffer.alloc(PIECE);
  while ((await members.fill(block)) > 0);
  return counted.pieces;
}

test('layers that are made here', { skip }, async () => {
  for (const bytes of [BYTES, NOISE, BYTES.subarray(0, PIECE), Buffer.alloc(0)]) {
    const made: Buffer[] = [];
    const compression = { algorithm: 'gzip', level: 6 } as const;
    const write = async (piece: Uint8Array) => void made.push(Buffer.from(piece));
    await compressStream(inPieces(bytes, 100_000), { compression, write });
    const layer = Buffer.concat(made);
    assert.ok((await gunzipped(layer)).equals(bytes));
    assert.equal(await piecesOf(layer), Math.max(1, Math.ceil(bytes.length / PIECE)));
  }
});
