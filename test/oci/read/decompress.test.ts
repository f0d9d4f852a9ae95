import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import test from 'node:test';
import zlib, { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { collect } from '../../../src/base/bytes.ts';
import { decompress, decompressInPlace } from '../../../src/oci/read/decompress.ts';
import { mixedBytes } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const FIRST = mixedBytes(300_000);
const SECOND = mixedBytes(70_001).reverse();
const BOTH = Buffer.concat([FIRST, SECOND]);
const SKIPPABLE = Buffer.from('502a4d180400000001020304', 'hex');
const PIECES = [1_000_000, 65_536, 1000, 97];
/** Without a checksum zstd notices few faults. */
const CHECKSUM = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

const FORMATS = [
  { name: 'gzip', compress: (bytes: Buffer) => gzipSync(bytes) },
  { name: 'zstd', compress: (bytes: Buffer) => zstdCompressSync(bytes, CHECKSUM) },
] as const;

for (const { name, compress } of FORMATS) {
  test(`${name}: one and several, in pieces of any size`, async () => {
    for (const pieces of PIECES) {
      assert.ok((await unpack(compress(FIRST), pieces)).equals(FIRST));
      assert.ok(
        (await unpack(Buffer.concat([compress(FIRST), compress(SECOND)]), pieces)).equals(BOTH),
        `${pieces}`,
      );
    }
  });

  test(`${name}: pieces are small, so that dead ones take little memory`, async () => {
    for await (const piece of decompress(each([compress(Buffer.alloc(1_000_000))])))
      assert.ok(piece.buffer.byteLength <= 128 * 1024, `${piece.buffer.byteLength}`);
  });

  test(`${name}, in place: the same bytes, in memory that is freed, as that of the input is`, async () => {
    const bytes = Buffer.concat([compress(FIRST), compress(SECOND)]);
    for (const size of PIECES) await checkInPlace(bytes, size);
  });

  test(`${name}, in place: faults are errors, and breaking off is none`, async () => {
    const bytes = Buffer.concat([compress(FIRST), compress(SECOND)]);
    const broken = Buffer.from(bytes);
    broken[20_000] = (broken[20_000] as number) ^ 0x55;
    const cut = [1, 5, 9, compress(SECOND).length - 1].map((less) => bytes.subarray(0, bytes.length - less));
    const followed = [Buffer.from('garbage'), Buffer.alloc(512)].map((rest) => Buffer.concat([bytes, rest]));
    for (const faulty of [...cut, ...followed, broken])
      await assert.rejects(read(decompressInPlace(ownPieces(faulty))), `${faulty.length}`);
    for await (const piece of decompressInPlace(ownPieces(bytes))) if (piece.length > 0) break;
  });

  test(`${name}: the end of one at the end of a piece`, async () => {
    const parts = [compress(FIRST), compress(Buffer.alloc(0)), compress(SECOND)];
    assert.ok((await collect(decompress(each(parts)))).equals(BOTH));
  });

  test(`${name}: cut off anywhere is an error`, async () => {
    const bytes = Buffer.concat([compress(FIRST), compress(SECOND)]);
    const border = compress(FIRST).length;
    for (const length of [border - 1, border + 1, border + 5, bytes.length - 9, bytes.length - 1]) {
      await assert.rejects(unpack(bytes.subarray(0, length), 50_000), `${length}`);
    }
  });

  test(`${name}: what follows the end is an error, zeros too`, async () => {
    for (const rest of [
      Buffer.from('garbage'),
      Buffer.alloc(512),
      Buffer.from([0]),
      Buffer.from('\0garbage'),
    ]) {
      for (const pieces of [1_000_000, 1000]) {
        await assert.rejects(unpack(Buffer.concat([compress(FIRST), rest]), pieces));
      }
      await assert.rejects(collect(decompress(each([compress(FIRST), rest]))));
    }
  });

  test(`${name}: a flipped bit is an error`, async () => {
    const bytes = Buffer.from(compress(FIRST));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x10;
    await assert.rejects(unpack(bytes, 10_000));
  });

  test(`${name}: an error of the source comes through, and a consumer that stops closes the source`, async () => {
    const broken = (async function* () {
      yield compress(FIRST).subarray(0, 1000);
      throw new Error('the source broke');
    })();
    await assert.rejects(collect(decompress(broken)), /the source broke/);

    const state = { closed: false };
    const endless = (async function* () {
      try {
        for (;;) yield compress(FIRST);
      } finally {
        state.closed = true;
      }
    })();
    for await (const piece of decompress(endless)) if (piece.length > 0) break;
    assert.ok(state.closed);
  });
}

test('skippable zstd frames are skipped, at the start too', async () => {
  const bytes = Buffer.concat([
    SKIPPABLE,
    zstdCompressSync(FIRST),
    SKIPPABLE,
    zstdCompressSync(SECOND),
    SKIPPABLE,
  ]);
  for (const pieces of PIECES) assert.ok((await unpack(bytes, pieces)).equals(BOTH), `${pieces}`);
});

test('a skippable frame that is cut off is an error, and gzip has none', async () => {
  const frame = zstdCompressSync(FIRST);
  for (const length of [1, 7, 8, 11])
    await assert.rejects(unpack(Buffer.concat([frame, SKIPPABLE.subarray(0, length)]), 1000), `${length}`);
  await assert.rejects(unpack(Buffer.concat([gzipSync(FIRST), SKIPPABLE, gzipSync(SECOND)]), 1000));
});

test('many skippable frames take no decoder each', async (t) => {
  const made = t.mock.method(zlib, 'createZstdDecompress');
  syncBuiltinESMExports();
  t.after(syncBuiltinESMExports);
  const many = Buffer.alloc(800_000, Buffer.from('502a4d1800000000', 'hex'));
  const bytes = Buffer.concat([zstdCompressSync(FIRST), many, zstdCompressSync(SECOND)]);
  assert.ok((await unpack(bytes, 65_536)).equals(BOTH));
  assert.equal(made.mock.callCount(), 2);
});

test('a stream of tiny frames is an error; small ones are not', async () => {
  const stream = (bytes: number, count: number) =>
    Buffer.concat(Array.from({ length: count }, () => zstdCompressSync(Buffer.alloc(bytes, 1))));
  await assert.rejects(unpack(stream(0, 1100), 50_000), /cut into 1025 frames/);
  await assert.rejects(unpack(stream(1, 1100), 50_000), /cut into 1025 frames/);
  assert.equal((await unpack(stream(0, 1000), 50_000)).length, 0);
  assert.equal((await unpack(stream(256, 1500), 50_000)).length, 256 * 1500);
});

test('what is not compressed passes', async () => {
  for (const bytes of [FIRST, Buffer.alloc(0), Buffer.from('a'), Buffer.from('abc')]) {
    for (const pieces of [2, 1000]) assert.ok((await unpack(bytes, pieces)).equals(bytes));
  }
});

test('what is not compressed passes in place', async () => {
  for (const size of [1000, 100_000]) await checkInPlace(BOTH, size);
});

/** `bytes` decompress to {@link BOTH}. */
async function checkInPlace(bytes: Buffer, size: number): Promise<void> {
  const input: Buffer[] = [];
  const source = async function* () {
    for await (const piece of inPieces(bytes, size)) {
      const own = Buffer.allocUnsafeSlow(piece.length);
      own.set(piece);
      input.push(own);
      yield own;
    }
  };
  const copies: Buffer[] = [];
  const memory = new Set<ArrayBufferLike>();
  for await (const piece of decompressInPlace(source())) {
    memory.add(piece.buffer);
    copies.push(Buffer.from(piece));
  }
  assert.ok(Buffer.concat(copies).equals(BOTH), `pieces of ${size}`);
  const left = (buffers: Iterable<ArrayBufferLike>) =>
    [...buffers].filter(({ byteLength }) => byteLength > 0).length;
  // The last ones of each of two streams, and what was looked at for the magic.
  assert.ok(left(memory) <= 2, `${left(memory)} of ${memory.size} buffers of output are left`);
  const kept = left(input.map(({ buffer }) => buffer));
  assert.ok(kept <= 4 + Math.ceil(4 / size), `${kept} of ${input.length} pieces of input are left`);
}

/** Pieces whose memory may be freed. */
async function* ownPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for await (const piece of inPieces(bytes, 10_000)) {
    const own = Buffer.allocUnsafeSlow(piece.length);
    own.set(piece);
    yield own;
  }
}

async function read(stream: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of stream) assert.ok(piece.length > 0);
}

function unpack(bytes: Buffer, pieces: number): Promise<Buffer> {
  return collect(decompress(inPieces(bytes, pieces)));
}

async function* each(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}
