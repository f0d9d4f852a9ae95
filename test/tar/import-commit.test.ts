import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { serializeCommit } from '../../src/ostree/commit.ts';
import { commitTree, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { serializeDirtree } from '../../src/ostree/dirtree.ts';
import { SYMLINK_MODE } from '../../src/ostree/file-header.ts';
import { formatObjectName, isHashedMetadata, type ObjectName } from '../../src/ostree/object-name.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { reachableObjects } from '../../src/ostree/walk.ts';
import { NO_XATTRS } from '../../src/ostree/xattrs.ts';
import { EMPTY_DIRTREE_CHECKSUM } from '../../src/tar/empty-dirtree.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { type CommitHead, importCommit, importOstreeLayer } from '../../src/tar/import-commit.ts';
import { objectPath } from '../../src/tar/layout.ts';
import { neededObjects } from '../../src/tar/needed-objects.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { deepCommit } from '../support/deep-commit.ts';
import { coded } from '../support/expect.ts';
import { commitHostileTree } from '../support/hostile-commit.ts';
import { memorySink } from '../support/memory-sink.ts';
import { oldTarStream } from '../support/old-tar-streams.ts';
import { FIXTURE_COMMIT, FIXTURE_DETACHED } from '../support/ostree-fixture.ts';
import { goldenTar, inPieces, type MadeEntry, tarArchive, tarEntry } from '../support/tar-streams.ts';

const WHERE = { where: 'the test stream' };
const REPO = 'sysroot/ostree/repo';

async function hostile(t: test.TestContext) {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const commit = await commitHostileTree(writer);
  return { objects: (await openRepository(writer.path)).objects, commit };
}

async function exported(t: test.TestContext): Promise<{ commit: Checksum; tar: Buffer }> {
  const { objects, commit } = await hostile(t);
  return { commit, tar: await collect(exportCommit(objects, commit)) };
}

for (const generation of ['today', 'linked', 'v0'] as const) {
  test(`every object of a commit arrives, generation "${generation}"`, async (t) => {
    const { objects, commit } = await hostile(t);
    const tar =
      generation === 'today'
        ? exportCommit(objects, commit)
        : inPieces(await oldTarStream(objects, commit, generation), 1000);
    const sink = memorySink();
    const imported = await importCommit(tar, sink, WHERE);
    assert.deepEqual(imported.commits, [commit]);
    const names: string[] = [];
    for await (const name of reachableObjects(objects, commit)) {
      names.push(formatObjectName(name));
      if (name.type === 'file') {
        const [was, is] = [await objects.content(name.checksum), sink.contents.get(name.checksum)];
        assert.deepEqual(is?.header, was.header);
      } else {
        const bytes = sink.metadataBytes.get(formatObjectName(name));
        assert.ok(bytes?.equals(await objects.metadata(name.type, name.checksum)));
      }
    }
    assert.deepEqual([...imported.needed].toSorted(), names.toSorted());
    assert.deepEqual([...imported.arrived].toSorted(), names.toSorted());
  });
}

test('the commit is looked at with its detached metadata before anything is written', async () => {
  const sink = memorySink();
  const heads: CommitHead[] = [];
  const tar = inPieces(await goldenTar('fixture-whole-commit-simplemeta'));
  const verify = async (head: CommitHead) => {
    assert.deepEqual(sink.written, []);
    heads.push(head);
  };
  await importCommit(tar, sink, { ...WHERE, verify });
  assert.deepEqual(
    heads.map(({ commit, detached }) => [commit, detached]),
    [[FIXTURE_COMMIT, FIXTURE_DETACHED]],
  );
  assert.deepEqual(sink.written.slice(0, 2), [`${FIXTURE_COMMIT}.commit`, `${FIXTURE_COMMIT}.commitmeta`]);
  assert.ok(sink.metadataBytes.get(`${FIXTURE_COMMIT}.commitmeta`)?.equals(FIXTURE_DETACHED));
});

test('a commit that is refused leaves nothing in the sink', async (t) => {
  const { tar } = await exported(t);
  const sink = memorySink();
  const verify = async () => {
    throw new Error('not signed');
  };
  await assert.rejects(importCommit(inPieces(tar), sink, { ...WHERE, verify }), /not signed/);
  assert.deepEqual(sink.written, []);
});

test('the head of a stream without detached metadata has none', async () => {
  const verify = async ({ detached }: CommitHead) => assert.equal(detached, undefined);
  const tar = inPieces(await goldenTar('fixture-whole-commit-nometa'));
  assert.deepEqual((await importCommit(tar, memorySink(), { ...WHERE, verify })).commits, [FIXTURE_COMMIT]);
});

test('an object that does not belong to the commit is named and refused, unless allowed', async (t) => {
  const { tar, commit } = await exported(t);
  const chunk = await goldenTar('fixture-chunk-allcontent');
  const both = Buffer.concat([tar.subarray(0, -1024), chunk]);
  const refused = coded('ERR_OBJECT_STRAY', '.file', 'the test stream', 'does not belong', 'at byte');
  await assert.rejects(importCommit(inPieces(both), memorySink(), WHERE), refused);
  const sink = memorySink();
  const imported = await importCommit(inPieces(both), sink, { ...WHERE, allowExtra: true });
  assert.deepEqual(imported.commits, [commit]);
  assert.ok(imported.arrived.size > imported.needed.size);
});

test('a stray metadata object is refused too', async (t) => {
  const { tar } = await exported(t);
  const other = await ArchiveWriter.create(await tempDir(t));
  const commit = await commitTree(other, directory({ other: directory({}, 0o700) }), { timestamp: 2 });
  const { objects } = await openRepository(other.path);
  const entries: Buffer[] = [];
  for await (const { type, checksum } of reachableObjects(objects, commit)) {
    if (type !== 'dirmeta') continue;
    const path = `${REPO}/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.dirmeta`;
    entries.push(tarEntry({ path, data: await objects.metadata(type, checksum) }));
  }
  const both = Buffer.concat([tar.subarray(0, -1024), ...entries, Buffer.alloc(1024)]);
  const refused = coded('ERR_OBJECT_STRAY', '.dirmeta', 'at byte');
  await assert.rejects(importCommit(inPieces(both), memorySink(), WHERE), refused);
});

function directory(entries: Record<string, TreeNode>, mode = 0o755) {
  return { kind: 'directory', mode, entries: new Map(Object.entries(entries)) } as const;
}

/** The stream without the entries of one object. */
async function without(objects: ObjectSource, commit: Checksum, lacking: string) {
  const tar = await oldTarStream(objects, commit, 'v0');
  return tarArchive((await entriesOf(tar)).filter(({ path }) => !path.includes(lacking.slice(2))));
}

async function entriesOf(tar: Buffer): Promise<readonly MadeEntry[]> {
  const entries: MadeEntry[] = [];
  for await (const { path, type, mode, uid, gid, target, data } of readEntries(inPieces(tar))) {
    const kind = type === 'link' ? 'hardlink' : type === 'symlink' ? 'symlink' : 'file';
    entries.push({ path, type: kind, mode, uid, gid, target, data: await collect(data) });
  }
  return entries;
}

test('an object of the commit that neither comes nor is there is named, of whatever type', async (t) => {
  const { objects, commit } = await hostile(t);
  const needed: { type: string; checksum: Checksum }[] = [];
  for await (const name of reachableObjects(objects, commit)) needed.push(name);
  for (const type of ['dirtree', 'dirmeta', 'file'] as const) {
    const lacking = needed.findLast((name) => name.type === type && name.checksum !== EMPTY_DIRTREE_CHECKSUM);
    assert.ok(lacking);
    const name = `${lacking.checksum}.${type}`;
    const tar = await without(objects, commit, lacking.checksum);
    await assert.rejects(importCommit(inPieces(tar), memorySink(), WHERE), coded('ERR_OBJECT_MISSING', name));
    const bytes = type === 'file' ? Buffer.alloc(0) : await objects.metadata(type, lacking.checksum);
    const imported = await importCommit(inPieces(tar), memorySink(new Map([[name, bytes]])), WHERE);
    assert.deepEqual(imported.commits, [commit]);
    assert.ok(!imported.arrived.has(name));
  }
});

test('an ostree layer may lack content, which comes with other layers', async (t) => {
  const { objects, commit } = await hostile(t);
  const file = await firstFile(objects, commit);
  const tar = await without(objects, commit, file?.checksum ?? '');
  const { needed, arrived } = await importOstreeLayer(inPieces(tar), memorySink(), WHERE);
  assert.deepEqual(
    [...needed].filter((name) => !arrived.has(name)),
    [`${file?.checksum}.file`],
  );
});

async function firstFile(objects: ObjectSource, commit: Checksum): Promise<ObjectName | undefined> {
  for await (const name of reachableObjects(objects, commit)) if (name.type === 'file') return name;
  return undefined;
}

test('the dirtree of an empty /sysroot is made if the stream lacks it', async (t) => {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const tree = directory({
    sysroot: directory({}),
    usr: directory({ x: { kind: 'file', mode: 0o644, content: 'x' } }),
  });
  const commit = await commitTree(writer, tree, { timestamp: 1 });
  const { objects } = await openRepository(writer.path);
  const name = `${EMPTY_DIRTREE_CHECKSUM}.dirtree`;
  const sink = memorySink();
  const { needed, arrived } = await importCommit(
    inPieces(await without(objects, commit, EMPTY_DIRTREE_CHECKSUM)),
    sink,
    WHERE,
  );
  assert.deepEqual([needed.has(name), arrived.has(name), sink.written.includes(name)], [true, false, true]);
});

test('a commit whose bytes are not its name’s is refused before it is looked at', async (t) => {
  const { tar, commit } = await exported(t);
  const at = tar.indexOf('hostile');
  tar.write('HOSTILE', at);
  const verify = async () => assert.fail('looked at');
  const refused = coded('ERR_OBJECT_CORRUPT', commit, 'at byte');
  await assert.rejects(importCommit(inPieces(tar), memorySink(), { ...WHERE, verify }), refused);
});

test('a dirtree larger than ostree-ext accepts comes in', async (t) => {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const header = { uid: 0, gid: 0, mode: SYMLINK_MODE, target: 'x', xattrs: NO_XATTRS };
  const checksum = await writer.file(header, Buffer.alloc(0));
  const files = Array.from({ length: 60_000 }, (_, index) => ({
    name: `${'long-name-'.repeat(15)}${index}`,
    checksum,
  }));
  const tree = serializeDirtree({ files, directories: [] });
  assert.ok(tree.length > 10 * 1024 * 1024);
  const commit = serializeCommit({
    metadata: new Map(),
    parent: undefined,
    subject: '',
    body: '',
    timestamp: 1,
    rootTree: await writer.metadata('dirtree', tree),
    rootMeta: await writer.metadata(
      'dirmeta',
      serializeDirmeta({ uid: 0, gid: 0, mode: 0o040755, xattrs: [] }),
    ),
  });
  const { objects } = await openRepository(writer.path);
  const tar = exportCommit(objects, await writer.metadata('commit', commit));
  const imported = await importCommit(tar, memorySink(), WHERE);
  assert.equal(imported.arrived.size, 4);
});

test('a tree that is too deep is refused, and names the dirtree', async () => {
  const deepTar = (levels: number) => {
    const { objects } = deepCommit(levels);
    const entries = objects.map(({ type, bytes }) => ({
      path: objectPath(checksumOf(bytes), type),
      data: bytes,
    }));
    return inPieces(tarArchive(entries));
  };
  const deepest = `${EMPTY_DIRTREE_CHECKSUM}.dirtree`;
  assert.equal((await importCommit(deepTar(2047), memorySink(), WHERE)).needed.size, 2049);
  await assert.rejects(
    importCommit(deepTar(2048), memorySink(), WHERE),
    coded('ERR_OBJECT_CORRUPT', deepest, 'more than 2047 directories deep'),
  );
});

test('what several commits need is the union, and the message names what one of them lacks', async (t) => {
  const writer = await ArchiveWriter.create(await tempDir(t));
  const shared = directory({ shared: { kind: 'file', mode: 0o644, content: 'shared' } }, 0o700);
  const commits = [
    await commitTree(writer, directory({ shared, one: directory({}, 0o711) }), { timestamp: 1 }),
    await commitTree(writer, directory({ shared, two: directory({}, 0o722) }), { timestamp: 2 }),
  ];
  const { objects } = await openRepository(writer.path);
  const union = new Set<string>();
  const sink = memorySink();
  for (const commit of commits) {
    for await (const { type, checksum } of reachableObjects(objects, commit)) {
      union.add(formatObjectName({ type, checksum }));
      if (type === 'file') await sink.content(checksum, await objects.content(checksum));
      else if (isHashedMetadata(type))
        await sink.metadata(type, checksum, await objects.metadata(type, checksum));
    }
  }
  const needed = await neededObjects(sink, commits, union);
  assert.deepEqual([...needed].toSorted(), [...union].toSorted());
  const lacking = [...union].findLast((name) => name.endsWith('.dirmeta')) as string;
  union.delete(lacking);
  const without = { ...sink, has: async (name: ObjectName) => formatObjectName(name) !== lacking };
  await assert.rejects(neededObjects(without, commits, union), coded('ERR_OBJECT_MISSING', lacking));
});
