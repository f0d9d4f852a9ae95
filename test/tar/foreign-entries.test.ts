/** Both readers of tar archives, over one corpus: what GNU tar and Python write, and damaged archives. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { paxXattrs } from '../../src/tar/entry.ts';
import { readForeignEntries } from '../../src/tar/foreign-entries.ts';
import { type ReadEntry, readEntries } from '../../src/tar/read-entries.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { unlessInstalled } from '../support/programs.ts';
import { goldenTar, inPieces, type MadeEntry, tarArchive, tarEntry } from '../support/tar-streams.ts';

type Reader = (tar: AsyncIterable<Uint8Array>) => AsyncGenerator<ReadEntry>;
type Read = Omit<ReadEntry, 'data'> & { readonly content: string };

async function readAll(reader: Reader, tar: AsyncIterable<Uint8Array>): Promise<readonly Read[]> {
  const entries: Read[] = [];
  for await (const { data, ...header } of reader(tar)) {
    const pieces: Buffer[] = [];
    for await (const piece of data) pieces.push(piece);
    entries.push({ ...header, content: Buffer.concat(pieces).toString('latin1') });
  }
  return entries;
}

/** The entries, or the code of the error. */
async function outcome(reader: Reader, bytes: Buffer, pieces: number): Promise<readonly Read[] | string> {
  try {
    return await readAll(reader, inPieces(bytes, pieces));
  } catch (error) {
    assert.ok(isTreeportError(error), String(error));
    return error.code;
  }
}

async function checkSame(bytes: Buffer, what: string, pieces = 10_000): Promise<void> {
  const [own, library] = [
    await outcome(readEntries, bytes, pieces),
    await outcome(readForeignEntries, bytes, pieces),
  ];
  assert.deepEqual(library, own, what);
}

const XATTR = { name: Buffer.from('user.\xff', 'latin1'), value: Buffer.from([0xff, 0, 0x80, 0x0a, 0x3d]) };

const ENTRIES: readonly MadeEntry[] = [
  { path: './', type: 'directory', mode: 0o755 },
  { path: 'owned', mode: 0o4755, uid: 3_000_000, gid: 4_294_967_295, data: 'x'.repeat(1025) },
  { path: `long/${'p'.repeat(300)}`, type: 'symlink', target: `${'t/'.repeat(200)}end` },
  { path: 'empty' },
  { path: 'ü', type: 'hardlink', target: 'owned' },
  { path: 'last', data: Buffer.alloc(70_000, 1) },
];

/** With attributes, whose values are no text. */
const ARCHIVE = Buffer.concat([...paxXattrs([XATTR]), tarArchive(ENTRIES)]);

for (const size of [1, 511, 512, 4096, 1_000_000]) {
  test(`both readers find the same entries in pieces of ${size} bytes`, async () => {
    const found = await outcome(readForeignEntries, ARCHIVE, size);
    assert.ok(typeof found !== 'string' && found.length === ENTRIES.length);
    assert.deepEqual(found[0]?.xattrs, [XATTR]);
    assert.deepEqual(found[1]?.gid, 4_294_967_295);
    await checkSame(ARCHIVE, 'made entries', size);
  });
}

test("both readers find the same entries in ostree's own streams", async () => {
  for (const name of readdirSync(join(import.meta.dirname, '../fixtures/golden'))) {
    if (!name.endsWith('.tar.gz')) continue;
    await checkSame(await goldenTar(name.replace('.tar.gz', '')), name);
  }
});

test('both readers find the same in every format of GNU tar', { skip: unlessInstalled('tar') }, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  const deep = join(tree, ...Array.from({ length: 12 }, (_, at) => `directory-${at}`.padEnd(30, 'é')));
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(deep, 'file'), 'x'.repeat(100_000));
  writeFileSync(join(tree, 'a'), '');
  chmodSync(join(tree, 'a'), 0o4711);
  linkSync(join(tree, 'a'), join(tree, 'b'));
  symlinkSync('t'.repeat(400), join(tree, 'link'));
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'posix']) {
    const file = join(folder, `${format}.tar`);
    // v7 and ustar leave out what they cannot express.
    try {
      execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', tree, '.'], { stdio: 'ignore' });
    } catch {
      assert.ok(format === 'v7' || format === 'ustar', format);
    }
    await checkSame(readFileSync(file), format);
  }
});

test('archives that are cut off anywhere end with an error, in both readers', async () => {
  for (let end = 0; end < ARCHIVE.length - 512; end += 256) {
    const [own, library] = [
      await outcome(readEntries, ARCHIVE.subarray(0, end), 4096),
      await outcome(readForeignEntries, ARCHIVE.subarray(0, end), 4096),
    ];
    assert.deepEqual([own, library], ['ERR_TAR', 'ERR_TAR'], `${end} bytes`);
  }
});

/** Changes bytes of the header of a small archive, and corrects its checksum. */
function tampered(change: (header: Buffer) => unknown, rest: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.concat([tarArchive([{ path: 'file', data: 'content' }]), rest]);
  const header = bytes.subarray(0, 512);
  change(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

const DAMAGED: readonly (readonly [string, Buffer])[] = [
  ['no checksum', tarEntry({ path: 'file' }).fill(0, 148, 156)],
  ['a size that is no number', tampered((header) => header.write('nonsense', 124, 'latin1'))],
  ['a negative size', tampered((header) => header.fill(0xff, 124, 136))],
  ['a size in an unknown base', tampered((header) => header.fill(0x90, 124, 136))],
  ['a size beyond all integers', tampered((header) => header.fill(0x80, 124, 125).fill(0x7f, 125, 136))],
  ['a size beyond the end', tampered((header) => header.write('77777777777', 124, 'latin1'))],
  ['an entry behind its end', Buffer.concat([tarArchive([{ path: 'a' }]), tarEntry({ path: 'b' })])],
  ['rubbish behind its end', Buffer.concat([tarArchive([{ path: 'a' }]), Buffer.alloc(512, 7)])],
  [
    'a long name of 8 MiB',
    tampered((header) => {
      header.write('L', 156, 'latin1');
      header.write('00040000000', 124, 'latin1');
    }),
  ],
  ['nothing', Buffer.alloc(0)],
];

for (const [what, bytes] of DAMAGED) {
  test(`${what} is an error of both readers, not an endless wait`, { timeout: 20_000 }, async () => {
    assert.equal(await outcome(readEntries, bytes, 100), 'ERR_TAR');
    assert.equal(await outcome(readForeignEntries, bytes, 100), 'ERR_TAR');
  });
}

test('directories have no data, whatever their size says', { timeout: 20_000 }, async () => {
  const bytes = tampered((header) => header.write('5', 156, 'latin1'));
  bytes.fill(0, 512, 1024);
  const withData = tampered((header) => header.write('file/\0', 0, 'latin1'));
  await checkSame(withData, 'a directory of the old format that has data');
  const [entry] = await readAll(
    readForeignEntries,
    inPieces(Buffer.concat([bytes.subarray(0, 512), Buffer.alloc(1024)])),
  );
  assert.deepEqual([entry?.type, entry?.size], ['directory', 0]);
});

test('data can be left unread, and reading can stop early', { timeout: 20_000 }, async () => {
  const paths: string[] = [];
  for await (const { path, data } of readForeignEntries(inPieces(ARCHIVE, 700))) {
    paths.push(path);
    for await (const _ of data) break;
  }
  assert.equal(paths.length, ENTRIES.length);
  const state = { isClosed: false };
  const source = async function* () {
    try {
      yield* inPieces(ARCHIVE, 700);
    } finally {
      state.isClosed = true;
    }
  };
  for await (const _ of readForeignEntries(source())) break;
  assert.equal(state.isClosed, true);
});

test('an error of the stream is passed on', async () => {
  const failing = async function* () {
    yield ARCHIVE.subarray(0, 2000);
    throw new Error('the disk is gone');
  };
  await assert.rejects(readAll(readForeignEntries, failing()), /^Error: the disk is gone$/);
});

test('endless zeros between entries are refused', async () => {
  const zeros = Buffer.alloc(1024 * 1024);
  const endless = async function* () {
    yield tarEntry({ path: 'a' });
    for (;;) yield zeros;
  };
  await assert.rejects(readAll(readForeignEntries, endless()), coded('ERR_TAR', 'too long'));
});
