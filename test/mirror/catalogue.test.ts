import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Catalogue, type CatalogueEntry } from '../../src/mirror/catalogue.ts';
import { writeCatalogue } from '../../src/mirror/catalogue-writer.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { type FileHeader, S_IFREG, SYMLINK_MODE } from '../../src/ostree/file-header.ts';
import { NO_XATTRS, serializeXattrs } from '../../src/ostree/xattrs.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const PLAIN: FileHeader = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-catalogue-'));
});
after(() => rm(directory, { recursive: true }));

function idOf(text: string): Checksum {
  return checksumOf(Buffer.from(text));
}

const SAMPLE: readonly CatalogueEntry[] = [
  { checksum: idOf('plain'), header: PLAIN, size: 12 },
  { checksum: idOf('same header'), header: PLAIN, size: 2 ** 40 },
  { checksum: idOf('empty'), header: { ...PLAIN, mode: S_IFREG }, size: 0 },
  {
    checksum: idOf('owner'),
    header: { ...PLAIN, uid: 4_000_000_000, gid: 7, mode: S_IFREG | 0o6755 },
    size: 1,
  },
  {
    checksum: idOf('attributes'),
    header: {
      ...PLAIN,
      xattrs: serializeXattrs([{ name: Buffer.from('user.big'), value: Buffer.alloc(70_000, 1) }]),
    },
    size: 3,
  },
  { checksum: idOf('link'), header: { ...PLAIN, mode: SYMLINK_MODE, target: '../..//ü' }, size: 0 },
];

function plainEntry({ checksum, header, size }: CatalogueEntry): unknown {
  return { checksum, size, header: { ...header, xattrs: Buffer.from(header.xattrs) } };
}

test('every entry is read back as it was written, whatever the order of writing', async () => {
  const path = join(directory, 'sample');
  assert.equal(await writeCatalogue(path, SAMPLE), SAMPLE.length);
  const reversed = join(directory, 'reversed');
  await writeCatalogue(reversed, SAMPLE.toReversed());
  for (const file of [path, reversed]) {
    const catalogue = Catalogue.open(file);
    for (const entry of SAMPLE) {
      const found = catalogue.get(entry.checksum);
      assert.ok(found);
      assert.deepEqual(plainEntry(found), plainEntry(entry));
    }
    assert.deepEqual([...catalogue.checksums()], SAMPLE.map((entry) => entry.checksum).toSorted());
    assert.equal(catalogue.has(idOf('plain')), true);
    assert.equal(catalogue.has(idOf('something else')), false);
    assert.equal(catalogue.get(repeatedChecksum('0')), undefined);
    assert.equal(catalogue.get(repeatedChecksum('f')), undefined);
    catalogue.close();
  }
});

test('equal headers of regular files are stored once', async () => {
  const one = join(directory, 'one');
  const many = join(directory, 'many');
  await writeCatalogue(one, [{ checksum: idOf('0'), header: PLAIN, size: 1 }]);
  await writeCatalogue(
    many,
    Array.from({ length: 100 }, (_, i) => ({ checksum: idOf(`${i}`), header: PLAIN, size: i })),
  );
  assert.equal((await stat(many)).size - (await stat(one)).size, 99 * 48);
});

test('an empty catalogue has nothing', async () => {
  const path = join(directory, 'empty');
  await writeCatalogue(path, []);
  const catalogue = Catalogue.open(path);
  assert.deepEqual([...catalogue.checksums()], []);
  assert.equal(catalogue.get(idOf('plain')), undefined);
  catalogue.close();
});

test('an id given twice is refused and leaves nothing behind', async () => {
  const path = join(directory, 'twice');
  const entry = SAMPLE[0] as CatalogueEntry;
  await assert.rejects(writeCatalogue(path, [entry, entry]), {
    code: 'ERR_INTERNAL',
    message: /given twice/,
  });
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

const DAMAGE: readonly (readonly [what: string, damage: (bytes: Buffer) => Buffer, message: RegExp])[] = [
  ['cut off in the fan-out', (bytes) => bytes.subarray(0, 1000), /too short/],
  ['cut off in the entries', (bytes) => bytes.subarray(0, -1), /do not end with the file/],
  ['another magic', (bytes) => Buffer.concat([Buffer.from('X'), bytes.subarray(1)]), /no catalogue/],
  ['another version', (bytes) => edited(bytes, (copy) => copy.writeUInt32BE(2, 16)), /version 2/],
  ['a wrong number of entries', (bytes) => edited(bytes, (copy) => copy.writeUInt32BE(7, 20)), /do not end/],
  ['entries far away', (bytes) => edited(bytes, (copy) => copy.fill(0xff, 24, 32)), /do not end/],
  ['a falling fan-out', (bytes) => edited(bytes, (copy) => copy.writeUInt32BE(9, 32)), /fan-out goes back/],
  [
    'a short fan-out',
    (bytes) => edited(bytes, (copy) => copy.fill(0, 32, 32 + 4 * 4096)),
    /fan-out ends at 0/,
  ],
];

function edited(bytes: Buffer, edit: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  edit(copy);
  return copy;
}

for (const [what, damage, message] of DAMAGE) {
  test(`a damaged catalogue is refused on opening: ${what}`, async () => {
    const path = join(directory, 'damaged');
    await writeCatalogue(path, SAMPLE);
    await writeFile(path, damage(await readFile(path)));
    assert.throws(() => Catalogue.open(path), { code: 'ERR_CATALOGUE', message });
  });
}

test('damaged headers and entries are found when they are read', async () => {
  const path = join(directory, 'inner');
  const checksum = idOf('plain');
  await writeCatalogue(path, [{ checksum, header: PLAIN, size: 12 }]);
  const good = await readFile(path);
  const entryAt = good.length - 48;
  const edits: readonly ((copy: Buffer) => void)[] = [
    (copy) => copy.writeBigUInt64BE(1n, entryAt + 40),
    (copy) => copy.writeBigUInt64BE(BigInt(entryAt), entryAt + 40),
    (copy) => copy.writeUInt32BE(0xffff, entryAt - 34),
    (copy) => copy.fill(0xff, 32 + 4 * 4096, entryAt),
    (copy) => copy.fill(0xff, entryAt + 32, entryAt + 40),
  ];
  for (const edit of edits) {
    await writeFile(path, edited(good, edit));
    const catalogue = Catalogue.open(path);
    assert.throws(() => catalogue.get(checksum), { code: 'ERR_CATALOGUE' });
    catalogue.close();
  }
});

test('a catalogue that is not there, or that a symlink stands for, is not opened', async () => {
  const link = join(directory, 'link');
  await writeCatalogue(join(directory, 'real'), SAMPLE);
  await symlink('real', link);
  assert.throws(() => Catalogue.open(link), { code: 'ERR_FILE_UNSAFE' });
  assert.throws(() => Catalogue.open(join(directory, 'nothing')), { code: 'ERR_IO' });
});

test('a million entries: little memory to write, next to none to open and search', async () => {
  const path = join(directory, 'million');
  const count = 1_000_000;
  const before = process.memoryUsage();
  let peak = 0;
  await writeCatalogue(
    path,
    millionEntries(count, () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers);
    }),
  );
  assert.ok(peak < 250e6, `${peak} bytes at the peak of writing`);

  const { arrayBuffers } = process.memoryUsage();
  const catalogue = Catalogue.open(path);
  assert.equal(catalogue.index.count, count);
  for (let i = 0; i < count; i += 997) {
    const found = catalogue.get(numbered(i));
    assert.deepEqual([found?.size, found?.header.uid], [i, i % 50]);
    assert.equal(catalogue.has(numbered(i + count)), false);
  }
  catalogue.close();
  const grown = process.memoryUsage().arrayBuffers - arrayBuffers;
  assert.ok(grown < 40e6, `${grown} bytes after opening and searching a file of 48 MB`);
});

function numbered(i: number): Checksum {
  return idOf(String(i));
}

function* millionEntries(count: number, watch: () => void): Generator<CatalogueEntry> {
  for (let i = 0; i < count; i++) {
    if (i % 100_000 === 0) watch();
    yield { checksum: numbered(i), header: { ...PLAIN, uid: i % 50 }, size: i };
  }
}
