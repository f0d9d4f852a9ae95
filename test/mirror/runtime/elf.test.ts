import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { elfArchitecture, readElf } from '../../../src/mirror/runtime/elf.ts';
import { goArchitecture } from '../../../src/oci/model/platform.ts';
import { sampleProgram } from '../../support/elf.ts';

const skip = process.platform === 'linux' ? false : 'needs Linux';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-elf-'));
});
after(() => rm(directory, { recursive: true }));

async function write(bytes: Buffer): Promise<string> {
  const path = join(directory, 'program');
  await writeFile(path, bytes);
  return path;
}

test('loader, libraries, search path and size are read', async () => {
  const path = await write(sampleProgram());
  const elf = readElf(path);
  assert.deepEqual(elf, {
    path,
    machine: 183,
    interpreter: '/lib/ld-test.so',
    needed: ['libx.so'],
    searchPath: ['$ORIGIN', '/opt/lib'],
    loadedBytes: 512,
  });
  assert.equal(elfArchitecture(elf), 'arm64');
});

test('the Node that runs this test is for this machine', { skip }, () => {
  const elf = readElf(process.execPath);
  assert.equal(elfArchitecture(elf), goArchitecture(process.arch));
  assert.ok(elf.interpreter?.startsWith('/'));
  assert.ok(elf.needed.some((name) => name.startsWith('libc.')));
});

const DAMAGE: readonly (readonly [what: string, edit: (bytes: Buffer) => unknown, message: RegExp])[] = [
  ['another file', (bytes) => bytes.fill('#!/bin/sh\n'), /not an ELF file/],
  ['an empty file', () => Buffer.alloc(0), /ends before 64 bytes/],
  ['32 bits', (bytes) => bytes.writeUInt8(1, 4), /not 64-bit/],
  ['big-endian', (bytes) => bytes.writeUInt8(2, 5), /not 64-bit little-endian/],
  ['program headers behind the end', (bytes) => bytes.writeBigUInt64LE(600n, 32), /ends before/],
  ['program headers far away', (bytes) => bytes.fill(0xff, 32, 40), /offset is too large/],
  ['program headers of another size', (bytes) => bytes.writeUInt16LE(32, 54), /program headers are not/],
  ['a segment behind the end', (bytes) => bytes.writeBigUInt64LE(9999n, 64 + 32), /cut off/],
  ['a cut file', (bytes) => bytes.subarray(0, 500), /cut off/],
  ['a huge dynamic section', (bytes) => bytes.writeBigUInt64LE(1n << 40n, 64 + 112 + 32), /too large/],
  ['strings that are not loaded', (bytes) => bytes.writeBigUInt64LE(5n, 272 + 32), /string table/],
  [
    'a text without an end',
    (bytes) => bytes.fill('x', 232),
    /string table|no terminating NUL|too large|not in the file/,
  ],
  ['a name behind the end', (bytes) => bytes.writeBigUInt64LE(1n << 20n, 272), /ends before/],
];

for (const [what, edit, message] of DAMAGE) {
  test(`a damaged program is refused: ${what}`, async () => {
    const bytes = sampleProgram();
    const edited = edit(bytes);
    const path = await write(Buffer.isBuffer(edited) ? edited : bytes);
    assert.throws(() => readElf(path), { code: 'ERR_RUNTIME', message });
  });
}

test('a program that is not there, or is for an unknown machine, is refused', async () => {
  assert.throws(() => readElf(join(directory, 'nothing')), { code: 'ERR_RUNTIME', message: /ENOENT/ });
  const bytes = sampleProgram();
  bytes.writeUInt16LE(9999, 18);
  const elf = readElf(await write(bytes));
  assert.throws(() => elfArchitecture(elf), { code: 'ERR_RUNTIME', message: /9999/ });
});

test('no change of a single byte makes reading fail in another way', async () => {
  const good = sampleProgram();
  for (let at = 0; at < 300; at++) {
    const bytes = Buffer.from(good);
    bytes[at] = 0xff;
    const path = await write(bytes);
    try {
      readElf(path);
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ERR_RUNTIME', `at ${at}`);
    }
  }
  assert.deepEqual(await readFile(await write(good)), good);
});
