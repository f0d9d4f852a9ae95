import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { contentClassOf } from '../../../../src/delta/static/build/content-class.ts';

function elf(type: number, machine: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF', 'latin1');
  bytes.writeUInt16LE(type, 16);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

test('linked x86 code is told from relocatable and other code', () => {
  assert.equal(contentClassOf(elf(3, 62)), 'x86');
  assert.equal(contentClassOf(elf(2, 3)), 'x86');
  assert.equal(contentClassOf(elf(1, 62)), 'relocatable');
  assert.equal(contentClassOf(elf(3, 183)), 'relocatable');
  assert.equal(contentClassOf(elf(3, 62).subarray(0, 19)), 'plain');
});

test('random bytes are incompressible, if there are enough to say so', () => {
  assert.equal(contentClassOf(randomBytes(100_000)), 'incompressible');
  assert.equal(contentClassOf(randomBytes(4096)), 'incompressible');
  assert.equal(contentClassOf(randomBytes(4095)), 'plain');
});

test('a file is compressed if its start, middle or end is compressible', () => {
  for (const start of [0, 60_000, 120_000]) {
    const bytes = randomBytes(140_000);
    bytes.fill('text ', start, start + 20_000);
    assert.equal(contentClassOf(bytes), 'plain', String(start));
  }
});

test('counting bytes first changes no answer: deflate alone gives the same', () => {
  const deflateSaves = (bytes: Buffer) => deflateRawSync(bytes, { level: 1 }).length <= bytes.length * 0.97;
  // Alphabets of up to 128 bytes have less than seven bits.
  for (const size of [4096, 16_384])
    for (const symbols of [1, 2, 60, 100, 120, 127, 128, 129, 140, 180, 220, 240, 250, 256]) {
      const bytes = randomBytes(size).map((byte) => byte % symbols);
      const skewed = Buffer.from(bytes).fill(randomBytes(size / 4), size / 2, (size * 3) / 4);
      for (const sample of [Buffer.from(bytes), skewed])
        assert.equal(contentClassOf(sample) === 'plain', deflateSaves(sample), `${size} ${symbols}`);
    }
});

test('an empty file is plain', () => {
  assert.equal(contentClassOf(Buffer.alloc(0)), 'plain');
});
