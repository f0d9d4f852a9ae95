import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { storedBlock, storedBlockSize, type XzBlock } from '../../../src/delta/xz/block.ts';
import { decodeXz } from '../../../src/delta/xz/decode.ts';
import { compressedBlock } from '../../../src/delta/xz/liblzma-block.ts';
import { XZ_PRESETS } from '../../../src/delta/xz/presets.ts';
import { xzStream } from '../../../src/delta/xz/stream.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { Random } from '../../gvariant/random.ts';
import { unlessInstalled } from '../../support/programs.ts';

const BINARY = readFileSync(process.execPath).subarray(0, 400_000);
const LIMITS = { memoryLimit: 100 * 2 ** 20, maxBytes: 10_000_000 };

function noiseOf(size: number): Buffer {
  const random = new Random(1);
  return Buffer.from(Uint32Array.from({ length: size / 4 }, () => random.next()).buffer);
}

function compressed(content: Uint8Array, preset: number, x86 = false): XzBlock {
  const lzma2 = XZ_PRESETS[preset];
  assert.ok(lzma2);
  return compressedBlock(content, { lzma2, x86 }, new Uint8Array(content.length));
}

function decoded(stream: Uint8Array): Buffer {
  return Buffer.from(decodeXz('the stream', stream, LIMITS).bytes);
}

const noise = noiseOf(200_000);
const CASES = new Map<string, { readonly blocks: readonly XzBlock[]; readonly content: Uint8Array }>([
  ['no block', { blocks: [], content: Buffer.alloc(0) }],
  ['an empty block', { blocks: [storedBlock(Buffer.alloc(0))], content: Buffer.alloc(0) }],
  ['one block', { blocks: [compressed(BINARY, 2)], content: BINARY }],
  [
    'blocks of several kinds',
    {
      blocks: [
        compressed(BINARY, 6, true),
        storedBlock(noise),
        compressed(BINARY.subarray(0, 1001), 0),
        storedBlock(noise.subarray(0, 65_536)),
      ],
      content: Buffer.concat([BINARY, noise, BINARY.subarray(0, 1001), noise.subarray(0, 65_536)]),
    },
  ],
  [
    'many blocks',
    { blocks: Array.from({ length: 300 }, () => storedBlock(noise.subarray(0, 5))), content: repeated(300) },
  ],
]);

function repeated(times: number): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => noise.subarray(0, 5)));
}

for (const [name, { blocks, content }] of CASES) {
  test(`a stream of ${name} decodes to its content`, () => {
    const stream = Buffer.concat([...xzStream(blocks), Buffer.from('rest')]);
    const { bytes, consumed } = decodeXz('the stream', stream, LIMITS);
    assert.ok(content.length === bytes.length && Buffer.from(bytes).equals(content));
    assert.equal(consumed, stream.length - 4);
  });

  test(`xz reads a stream of ${name}`, { skip: unlessInstalled('xz') }, async (t) => {
    const file = join(await tempDir(t), 'stream.xz');
    writeFileSync(file, Buffer.concat(xzStream(blocks)));
    execFileSync('xz', ['-t', file]);
    assert.ok(execFileSync('xz', ['-dc', file]).equals(content));
    const listing = execFileSync('xz', ['--list', '--robot', '-vv', file], { encoding: 'utf8' });
    assert.match(listing, new RegExp(`^totals\\t1\\t${blocks.length}\\t.*\\tCRC32\\t`, 'm'));
    const sizes = [...listing.matchAll(/^block\t\d+\t\d+\t\d+\t\d+\t\d+\t\d+\t(\d+)\t/gm)];
    assert.deepEqual(
      sizes.map(([, size]) => Number(size)),
      blocks.map(({ contentSize }) => contentSize),
    );
  });
}

test('the size of a stored block is known beforehand', () => {
  for (const size of [0, 1, 4, 65_535, 65_536, 65_537, 200_000]) {
    const { pieces } = storedBlock(noise.subarray(0, size));
    assert.equal(storedBlockSize(size), Buffer.concat(pieces).length, `${size}`);
  }
});

test('what does not shrink is stored', () => {
  const { pieces } = compressed(noise, 2);
  assert.ok(Buffer.concat(pieces).equals(Buffer.concat(storedBlock(noise).pieces)));
});

test('the dictionary that a block announces is the one it was made with', {
  skip: unlessInstalled('xz'),
}, async (t) => {
  const file = join(await tempDir(t), 'stream.xz');
  const kib = [4, 6, 8, 48, 64, 768, 1024, 3 * 1024, 64 * 1024];
  const blocks = kib.map((size) => {
    const lzma2 = { ...XZ_PRESETS[1], dictionarySize: size * 1024 } as (typeof XZ_PRESETS)[number];
    return compressedBlock(BINARY, { lzma2, x86: false }, new Uint8Array(BINARY.length));
  });
  writeFileSync(file, Buffer.concat(xzStream(blocks)));
  const listing = execFileSync('xz', ['--list', '--robot', '-vv', file], { encoding: 'utf8' });
  assert.deepEqual(
    [...listing.matchAll(/--lzma2=dict=(\S+)/g)].map(([, size]) => size),
    kib.map((size) => (size % 1024 === 0 ? `${size / 1024}MiB` : `${size}KiB`)),
  );
});

test('the same content makes the same stream', () => {
  const [once, again] = [compressed(BINARY, 3), compressed(BINARY, 3)].map((block) => xzStream([block]));
  assert.ok(Buffer.concat(once ?? []).equals(Buffer.concat(again ?? [])));
});

test('decoding ends at the limits', () => {
  const stream = Buffer.concat(xzStream([compressed(BINARY, 2)]));
  const exact = decodeXz('part 1', stream, { ...LIMITS, maxBytes: BINARY.length });
  assert.equal(exact.bytes.length, BINARY.length);
  assert.throws(() => decodeXz('part 1', stream, { ...LIMITS, maxBytes: BINARY.length - 1 }), {
    code: 'ERR_XZ',
    message: 'part 1: it decompresses to more than 399999 bytes',
  });
  assert.throws(() => decodeXz('part 1', stream, { ...LIMITS, memoryLimit: 2 ** 20 }), {
    code: 'ERR_XZ',
    message: 'part 1: its dictionary needs more memory than is allowed',
  });
});

test('damaged streams end in errors', () => {
  const blocks = [compressed(BINARY.subarray(0, 3000), 2), storedBlock(noise.subarray(0, 300))];
  const stream = Buffer.concat(xzStream(blocks));
  for (let at = 0; at < stream.length; at++) {
    const flipped = Buffer.from(stream);
    flipped[at] = (flipped[at] as number) ^ 0x10;
    assert.throws(() => decoded(flipped), { code: 'ERR_XZ' }, `byte ${at}`);
    assert.throws(() => decoded(stream.subarray(0, at)), { code: 'ERR_XZ' }, `cut at ${at}`);
  }
});

test('random bytes end in errors', () => {
  const random = new Random(7);
  const stream = Buffer.concat(xzStream([compressed(BINARY.subarray(0, 5000), 2)]));
  for (let round = 0; round < 500; round++) {
    const bytes = Buffer.from(stream);
    bytes.set(random.bytes(1 + random.below(20)), 6 + random.below(bytes.length - 30));
    if (bytes.equals(stream)) continue;
    assert.throws(() => decoded(bytes), { code: 'ERR_XZ' });
  }
});
