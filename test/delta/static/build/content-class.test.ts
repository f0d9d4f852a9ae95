import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
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

test('an empty file is plain', () => {
  assert.equal(contentClassOf(Buffer.alloc(0)), 'plain');
});
