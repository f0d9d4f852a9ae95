import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { assemblySources, COMPILER, compiledModule } from '../../scripts/build-assembly.ts';
import { DEFLATE_SOURCES } from '../../src/ostree/deflate-module.ts';
import { quickDeflate, quickDeflatePart } from '../../src/ostree/quick-deflate.ts';
import { Random } from '../gvariant/random.ts';
import { mixture, noiseOf } from '../support/mixture.ts';
import { projectText } from '../support/project.ts';

const PROGRAM = readFileSync(process.execPath).subarray(1_000_000, 4_000_000);
const KIB = 1024;

const NOISE = noiseOf(new Random(3), 200_000);
/** Some reach farther than deflate can. */
const MATCHES = { noise: NOISE, reach: () => 40_000 };

function checkInflates(content: Buffer, what: string): number {
  const deflated = quickDeflate(content);
  assert.ok(inflateRawSync(deflated).equals(content), what);
  return deflated.length;
}

test('zlib inflates contents of all sizes and kinds', () => {
  for (let size = 0; size < 300; size++) {
    checkInflates(NOISE.subarray(0, size), `noise of ${size}`);
    checkInflates(Buffer.alloc(size, 7), `run of ${size}`);
    checkInflates(PROGRAM.subarray(size, 2 * size), `program of ${size}`);
  }
  for (const size of [24_573, 24_574, 24_575, 32_768, 65_535, 65_536, 65_537, 131_072, 200_000])
    for (const bytes of [NOISE, PROGRAM, Buffer.alloc(size)])
      checkInflates(bytes.subarray(0, size), `${size}`);
  const random = new Random(1);
  for (let count = 0; count < 150; count++)
    checkInflates(mixture(random, random.below(1 << (4 + random.below(15))), MATCHES), `mixture ${count}`);
});

test('codes that would be longer than the format allows are cut', () => {
  // Counts like Fibonacci numbers make the deepest trees; few four bytes are the same as others.
  const pieces: Buffer[] = [];
  let [few, many] = [1, 1];
  for (let symbol = 0; symbol < 19; symbol++) {
    pieces.push(Buffer.alloc(few, symbol));
    [few, many] = [many, few + many];
  }
  const sorted = Buffer.concat(pieces);
  const random = new Random(5);
  for (let at = sorted.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [sorted[at], sorted[other]] = [sorted[other] as number, sorted[at] as number];
  }
  checkInflates(sorted, 'skewed');
});

test('programs become hardly larger than by zlib at level 3, noise only by the headers of blocks', () => {
  const size = checkInflates(PROGRAM, 'program');
  assert.ok(size < 1.04 * deflateRawSync(PROGRAM, { level: 3 }).length, String(size));
  assert.ok(checkInflates(NOISE, 'noise') < NOISE.length + 100);
});

test('the bytes depend on the content alone', () => {
  const first = Buffer.from(quickDeflate(PROGRAM.subarray(0, 100_000)));
  quickDeflate(PROGRAM.subarray(50_000, 400_000));
  quickDeflate(NOISE);
  assert.ok(quickDeflate(PROGRAM.subarray(0, 100_000)).equals(first));
});

test('a part ends at a byte, and finds what came before it', () => {
  const random = new Random(9);
  const parts = [1, 4, 100, 32 * KIB, 128 * KIB, 7].map((size) => mixture(random, size, MATCHES));
  const whole = Buffer.concat(parts);
  const deflated: Buffer[] = [];
  let at = 0;
  for (const part of parts) {
    deflated.push(Buffer.from(quickDeflatePart(whole.subarray(Math.max(0, at - 32 * KIB), at), part)));
    at += part.length;
  }
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  assert.ok(inflateRawSync(Buffer.concat(deflated), options).equals(whole));
  const noise = NOISE.subarray(0, 20 * KIB);
  assert.ok(quickDeflatePart(noise, noise).length < 1000);
});

test('the module is made from the sources as they are', { timeout: 120_000 }, () => {
  assert.equal(DEFLATE_SOURCES, assemblySources('deflate'), 'run npm run assembly');
  if (existsSync(COMPILER))
    assert.equal(projectText('src/ostree/deflate-module.ts'), compiledModule('deflate'));
});
