import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { assemblySources, COMPILER, compiledModule } from '../../../scripts/build-assembly.ts';
import type { XzRecord } from '../../../src/delta/xz/block.ts';
import { decodeXz } from '../../../src/delta/xz/decode.ts';
import { ENCODER_SOURCES } from '../../../src/delta/xz/encoder-module.ts';
import { fastBlock } from '../../../src/delta/xz/fast-block.ts';
import { FastEncoder } from '../../../src/delta/xz/fast-encoder.ts';
import { xzStream } from '../../../src/delta/xz/stream.ts';
import { Random } from '../../gvariant/random.ts';
import { mixture, noiseOf } from '../../support/mixture.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { projectText } from '../../support/project.ts';

const PROGRAM = readFileSync(process.execPath).subarray(0, 3_000_000);
const LIMITS = { memoryLimit: 100 * 2 ** 20, maxBytes: 20_000_000 };
const CHUNK = 64 * 1024;

const encoder = new FastEncoder();

const NOISE = noiseOf(new Random(3), 300_000);

/** An .xz stream of one block. */
function streamOf(content: Uint8Array, x86 = false): Buffer {
  const pieces: Buffer[] = [];
  const made = fastBlock(content, { x86, encoder });
  const record: { value: XzRecord } = { value: { unpaddedSize: 0, contentSize: 0 } };
  for (let next = made.next(); ; next = made.next()) {
    if (next.done === true) {
      record.value = next.value;
      break;
    }
    pieces.push(Buffer.from(next.value));
  }
  return Buffer.concat(xzStream([{ ...record.value, pieces }]));
}

function chunksOf(encoder: FastEncoder, content: Uint8Array): Generator<Uint8Array> {
  encoder.begin(content);
  return encoder.chunks();
}

function checkDecodes(content: Uint8Array, what: string, x86 = false): number {
  const stream = streamOf(content, x86);
  const { bytes, consumed } = decodeXz(what, stream, LIMITS);
  assert.ok(Buffer.from(bytes).equals(content), what);
  assert.equal(consumed, stream.length, what);
  return stream.length;
}

test('contents of every size around the limits decode', () => {
  const sizes = [...Array(40).keys(), ...[-1, 0, 1].flatMap((more) => [CHUNK + more, 2 * CHUNK + more])];
  for (const size of sizes) {
    checkDecodes(PROGRAM.subarray(0, size), `${size} of a program`);
    checkDecodes(NOISE.subarray(0, size), `${size} of noise`);
    checkDecodes(Buffer.alloc(size), `${size} zeros`);
  }
});

test('runs longer than a chunk may describe decode, and cost little', () => {
  assert.ok(checkDecodes(Buffer.alloc(9_000_000), 'zeros') < 3000);
  const period = Buffer.concat(Array.from({ length: 40_000 }, () => PROGRAM.subarray(1000, 1100)));
  assert.ok(checkDecodes(period, 'a period') < 3000);
});

test('random mixtures decode', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = new Random(seed);
    const matches = { noise: NOISE, reach: () => 1 << random.below(22) };
    checkDecodes(mixture(random, 1 + random.below(150_000), matches), `seed ${seed}`, seed % 2 === 0);
  }
});

test('what cannot be compressed is stored, between parts that can', () => {
  const part = PROGRAM.subarray(1_000_000, 1_200_000);
  const alone = checkDecodes(part, 'a program');
  const all = checkDecodes(Buffer.concat([part, NOISE, part, NOISE, part]), 'all');
  assert.ok(all < 3 * alone + 2 * NOISE.length + 20_000, `${all}`);
  assert.ok(checkDecodes(NOISE, 'noise') < NOISE.length + 200);
});

test('programs shrink nearly as much as by the fastest preset of xz', { skip: unlessInstalled('xz') }, () => {
  const xz = execFileSync('xz', ['-0', '-c'], { input: PROGRAM, maxBuffer: 10_000_000 }).length;
  const fast = checkDecodes(PROGRAM, 'a program');
  assert.ok(fast < xz * 1.1, `${fast} and ${xz}`);
});

test('what the x86 filter changes, decoders change back', () => {
  // Mostly opcodes of calls and jumps, and the bytes that near addresses end with.
  const few = [0xe8, 0xe9, 0x00, 0xff, 0x90];
  const dense = Buffer.from(NOISE.map((byte) => few[byte % few.length] as number));
  for (const size of [0, 1, 4, 5, 6, 9, 10, 100, dense.length])
    checkDecodes(dense.subarray(7, 7 + size), `${size} bytes`, true);
  assert.notEqual(checkDecodes(PROGRAM, 'a program, filtered', true), checkDecodes(PROGRAM, 'a program'));
});

test('the same content gives the same bytes, whatever was compressed before', () => {
  const content = PROGRAM.subarray(500_000, 900_000);
  const once = streamOf(content);
  const abandoned = chunksOf(encoder, PROGRAM);
  abandoned.next();
  assert.ok(streamOf(content).equals(once));
  const copies = (made: Iterable<Uint8Array>) =>
    Buffer.concat(Array.from(made, (piece) => Buffer.from(piece)));
  assert.ok(copies(chunksOf(new FastEncoder(), content)).equals(copies(chunksOf(encoder, content))));
});

test('the module is compiled from the sources', () => {
  assert.equal(assemblySources('lzma'), ENCODER_SOURCES, 'run `npm run assembly`');
});

const skip = existsSync(COMPILER) ? false : '`npm run assembly` installs the compiler';
test('compiling the sources gives the module', { skip }, () => {
  assert.equal(compiledModule('lzma'), projectText('src/delta/xz/encoder-module.ts'));
});
