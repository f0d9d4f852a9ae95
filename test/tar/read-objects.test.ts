import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { serializeDirtree } from '../../src/ostree/dirtree.ts';
import { formatObjectName, loosePath } from '../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { serializeXattrs } from '../../src/ostree/xattrs.ts';
import { commitObjects } from '../../src/tar/chunk.ts';
import { exportChunk } from '../../src/tar/export-chunk.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { inChunkOrder, inCommitOrder } from '../../src/tar/object-order.ts';
import { readObjects, type TarObject } from '../../src/tar/read-objects.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { commitHostileTree } from '../support/hostile-commit.ts';
import { oldTarStream } from '../support/old-tar-streams.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_DETACHED,
  FIXTURE_OBJECTS,
  fixtureObject,
} from '../support/ostree-fixture.ts';
import {
  goldenTar,
  inPassing,
  inPieces,
  type MadeEntry,
  type ReadObject,
  readAll,
  tarArchive,
  tarEntry,
} from '../support/tar-streams.ts';

const REPO = 'sysroot/ostree/repo';

async function hostile(t: test.TestContext) {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const commit = await commitHostileTree(writer);
  return { objects: (await openRepository(writer.path)).objects, commit };
}

/** Every object of the commit is among what was read, and is what the source has. */
async function assertComplete(source: ObjectSource, commit: Checksum, read: readonly ReadObject[]) {
  const found = new Map(
    read.map((object) => [`${object.checksum}.${object.kind === 'metadata' ? object.type : 'file'}`, object]),
  );
  let count = 0;
  for await (const name of reachableObjects(source, commit)) {
    const object = found.get(formatObjectName(name));
    count += 1;
    if (name.type === 'file') {
      const { header, size, stream } = await source.content(name.checksum);
      assert.ok(object?.kind === 'content', formatObjectName(name));
      assert.deepEqual(object.object.header, header);
      assert.equal(object.object.size, size);
      assert.ok(object.data.equals(await collect(stream())));
    } else {
      assert.ok(object?.kind === 'metadata', formatObjectName(name));
      assert.ok(object.bytes.equals(await source.metadata(name.type, name.checksum)));
    }
  }
  assert.equal(found.size, count);
  assert.equal(read.length, count, 'each object once');
}

test('a hostile commit comes back object for object', async (t) => {
  const { objects, commit } = await hostile(t);
  await assertComplete(objects, commit, await readAll(exportCommit(objects, commit)));
});

for (const generation of ['v0', 'linked'] as const) {
  test(`a hostile commit comes back from a stream of the generation "${generation}"`, async (t) => {
    const { objects, commit } = await hostile(t);
    const tar = await oldTarStream(objects, commit, generation);
    // In memory that is used again, whole and cut in the middle of everything.
    for (const size of [100, 1000, tar.length])
      await assertComplete(objects, commit, await readAll(inPassing(tar, size)));
  });
}

test('a chunk holds the objects that were put into it', async (t) => {
  const { objects, commit } = await hostile(t);
  const all = await commitObjects(objects, commit);
  const read: string[] = [];
  for await (const object of inChunkOrder(readObjects(exportChunk(objects, { objects: all })))) {
    read.push(object.checksum);
  }
  assert.deepEqual(read, [...all.keys()].sort());
});

test('a golden commit: the commit, its detached metadata, the rest', async () => {
  const tar = inPieces(await goldenTar('fixture-whole-commit-simplemeta'));
  const read: TarObject[] = [];
  for await (const object of inCommitOrder(readObjects(tar))) read.push(object);
  const [commit, detached] = read;
  assert.deepEqual([commit?.checksum, commit?.kind], [FIXTURE_COMMIT, 'metadata']);
  assert.ok(detached?.kind === 'metadata' && detached.type === 'commitmeta');
  assert.ok(detached.bytes.equals(FIXTURE_DETACHED));
  const contents = new Set(read.filter(({ kind }) => kind === 'content').map(({ checksum }) => checksum));
  assert.deepEqual(contents, new Set(Object.values(FIXTURE_OBJECTS)));
});

/** One small object as a stream: config, attributes, file. */
const SMALL = fixtureObject('/usr/bin/bash');

async function smallEntries(): Promise<readonly [MadeEntry, MadeEntry, MadeEntry]> {
  const read = await readAll(inPieces(await goldenTar('fixture-chunk-allcontent')));
  const object = read.find(({ checksum }) => checksum === SMALL);
  assert.ok(object?.kind === 'content');
  return [
    { path: `${REPO}/config`, data: '' },
    { path: `${REPO}/${loosePath(SMALL, 'file-xattrs-link')}`, data: object.object.header.xattrs },
    { path: `${REPO}/${loosePath(SMALL, 'file')}`, mode: 0o755, data: object.data },
  ];
}

async function assertFault(entries: readonly MadeEntry[], code: string, message: RegExp, options = {}) {
  await assert.rejects(
    readAll(inPieces(tarArchive(entries)), options),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, code, String(error));
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

test('one object in three entries is read', async () => {
  const read = await readAll(inPieces(tarArchive(await smallEntries())));
  assert.deepEqual(
    read.map(({ checksum, data }) => [checksum, String(data)]),
    [[SMALL, 'the-bash-shell']],
  );
});

test('changed bytes, owners, modes, attributes and names are ERR_OBJECT_CORRUPT', async () => {
  const [config, xattrs, file] = await smallEntries();
  const named = new RegExp(SMALL);
  await assertFault([config, xattrs, { ...file, data: 'THE-bash-shell' }], 'ERR_OBJECT_CORRUPT', named);
  await assertFault([config, xattrs, { ...file, uid: 1 }], 'ERR_OBJECT_CORRUPT', named);
  await assertFault([config, xattrs, { ...file, mode: 0o700 }], 'ERR_OBJECT_CORRUPT', named);
  await assertFault([config, xattrs, { ...file, data: '' }], 'ERR_OBJECT_CORRUPT', named);
  await assertFault([config, { ...xattrs, data: '' }, file], 'ERR_OBJECT_CORRUPT', named);
  await assertFault(
    [config, xattrs, { ...file, type: 'symlink', target: 'x', data: '' }],
    'ERR_OBJECT_CORRUPT',
    named,
  );
  const other = repeatedChecksum('e');
  const renamed = [xattrs, file].map((entry) => ({
    ...entry,
    path: entry.path.replace(loosePath(SMALL, ''), loosePath(other, '')),
  }));
  await assertFault([config, ...renamed], 'ERR_OBJECT_CORRUPT', new RegExp(other));
  const tree = serializeDirtree({ files: [], directories: [] });
  await assertFault(
    [{ path: `${REPO}/${loosePath(other, 'dirtree')}`, data: tree }],
    'ERR_OBJECT_CORRUPT',
    /e{64}\.dirtree/,
  );
});

test('what the sink verifies is not verified here', async () => {
  const [config, xattrs, file] = await smallEntries();
  const dirtree = { path: `${REPO}/${loosePath(SMALL, 'dirtree')}`, data: 'none' };
  const tar = tarArchive([
    config,
    xattrs,
    { ...file, data: 'another-shell!' },
    xattrs,
    { ...file, data: '' },
    dirtree,
  ]);
  const read = await readAll(inPieces(tar), { verify: false });
  assert.deepEqual(
    read.map(({ data }) => String(data)),
    ['another-shell!', '', ''],
  );
});

test('attributes must stand directly before their object', async () => {
  const [config, xattrs, file] = await smallEntries();
  await assertFault([config, file], 'ERR_TAR_OBJECT', /do not stand before it/);
  await assertFault([config, xattrs, file, file], 'ERR_TAR_OBJECT', /do not stand before it/);
  await assertFault([config, xattrs, xattrs, file], 'ERR_TAR_OBJECT', /no object follows the attributes/);
  const other = { ...xattrs, path: `${REPO}/${loosePath(repeatedChecksum('e'), 'file-xattrs-link')}` };
  await assertFault([config, other, file], 'ERR_TAR_OBJECT', /are those of object e{64}/);
});

test('links to attributes must find them earlier in the stream', async () => {
  const [config, xattrs, file] = await smallEntries();
  const name = checksumOf(Buffer.from(xattrs.data ?? ''));
  const link: MadeEntry = {
    path: xattrs.path,
    type: 'hardlink',
    target: `../${loosePath(name, 'file-xattrs').slice(8)}`,
  };
  const shared: MadeEntry = { path: `${REPO}/${loosePath(name, 'file-xattrs')}`, data: xattrs.data ?? '' };
  assert.equal((await readAll(inPieces(tarArchive([config, shared, link, file])))).length, 1);
  await assertFault([config, link, file, shared], 'ERR_TAR_OBJECT', new RegExp(`attributes ${name} are not`));
  await assertFault([config, { ...shared, data: 'x' }, link, file], 'ERR_TAR_OBJECT', /checksum in its name/);
  await assertFault(
    [config, { ...link, target: '/etc/passwd' }, file],
    'ERR_TAR_OBJECT',
    /links to "\/etc\/passwd"/,
  );
});

test('attributes to link to are bounded, all together', async () => {
  const shared = (index: number): MadeEntry => {
    const bytes = serializeXattrs([{ name: Buffer.from('user.x'), value: Buffer.alloc(1_000_000, index) }]);
    return { path: `${REPO}/${loosePath(checksumOf(bytes), 'file-xattrs')}`, data: bytes };
  };
  async function* stream(count: number): AsyncGenerator<Buffer> {
    for (let index = 0; index < count; index++) yield tarEntry(shared(index));
    yield Buffer.alloc(1024);
  }
  assert.deepEqual(await readAll(stream(60)), []);
  await assert.rejects(readAll(stream(70)), { code: 'ERR_TAR_OBJECT', message: /bytes of attributes/ });
});

test('an entry of a type that an object cannot have is refused', async () => {
  const [config, xattrs, file] = await smallEntries();
  const link = { ...file, type: 'hardlink', target: 'usr/bin/bash', data: '' } as const;
  await assertFault([config, xattrs, link], 'ERR_TAR_OBJECT', /a regular file or a symlink, not a link/);
  await assertFault(
    [config, { ...xattrs, type: 'symlink', target: 'x', data: '' }, file],
    'ERR_TAR_OBJECT',
    /a symlink, not a regular file/,
  );
  const dirtree: MadeEntry = { path: `${REPO}/${loosePath(SMALL, 'dirtree')}`, type: 'symlink', target: 'x' };
  await assertFault([dirtree], 'ERR_TAR_OBJECT', /a symlink, not a regular file/);
});

test('owners beyond 32 bits are refused', async () => {
  const [config, xattrs, file] = await smallEntries();
  await assertFault(
    [config, xattrs, { ...file, uid: 2 ** 32 }],
    'ERR_TAR_OBJECT',
    /4294967296 is not a user or group id/,
  );
});

test('attributes that are no attributes are refused', async () => {
  const [config, xattrs, file] = await smallEntries();
  await assertFault(
    [config, { ...xattrs, data: '\x01' }, file],
    'ERR_TAR_OBJECT',
    /file-xattrs-link": variant of type/,
  );
});

test('sizes are bounded, those of metadata by an option', async () => {
  const [config, xattrs, file] = await smallEntries();
  await assertFault(
    [config, { ...xattrs, data: Buffer.alloc(1024 * 1024 + 1) }, file],
    'ERR_TAR_OBJECT',
    /1048577 bytes/,
  );
  const files = Array.from({ length: 350_000 }, (_, index) => ({
    name: `file-${String(index).padStart(7, '0')}`,
    checksum: repeatedChecksum('c'),
  }));
  const bytes = serializeDirtree({ files, directories: [] });
  const path = `${REPO}/${loosePath(checksumOf(bytes), 'dirtree')}`;
  await assertFault([{ path, data: bytes }], 'ERR_TAR_OBJECT', /more than 16777216 are not accepted/);
  const options = { maxMetadataBytes: 128 * 1024 * 1024 };
  const [read] = await readAll(inPieces(tarArchive([{ path, data: bytes }])), options);
  assert.ok(read?.kind === 'metadata' && read.bytes.equals(bytes));
});

test('paths with ./ in front are another tree, and skipped', async () => {
  // The encoder takes one ./ away.
  const entries = (await smallEntries()).map((entry) => ({ ...entry, path: `././${entry.path}` }));
  assert.deepEqual(await readAll(inPieces(tarArchive(entries))), []);
});

test('objects whose bytes are not read are skipped', async (t) => {
  const { objects, commit } = await hostile(t);
  let count = 0;
  for await (const { kind } of readObjects(exportCommit(objects, commit)))
    count += kind === 'content' ? 1 : 0;
  assert.equal(count, (await commitObjects(objects, commit)).size);
});

test('a stream that is cut off inside an object says so in that object', async () => {
  const tar = tarArchive(await smallEntries());
  const cut = tar.indexOf('the-bash-shell') + 5;
  await assert.rejects(readAll(inPieces(tar.subarray(0, cut))), { code: 'ERR_TAR' });
});
