import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { parseChecksum } from '../../../src/ostree/checksum.ts';
import { serializeDirmeta } from '../../../src/ostree/dirmeta.ts';
import { listHeads } from '../../../src/ostree/refs.ts';
import { ArchiveWriter, archiveConfig } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { fileChecksum } from '../../../src/ostree/verify.ts';
import { reachableObjects } from '../../../src/ostree/walk.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum, uncheckedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';
import { writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ModeRepos, skip } from './modes.ts';

const HEADER = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };

function pathsBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('what is written reads back under its id', async (t) => {
  const path = join(await tempDir(t), 'repo');
  const writer = await ArchiveWriter.create(path, {
    config: archiveConfig(['collection-id=org.example.Os']),
  });
  const file = await writer.file(HEADER, Buffer.from('foo'));
  assert.equal(file.slice(0, 8), '979b41ca');
  const meta = await writer.metadata(
    'dirmeta',
    serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] }),
  );
  assert.equal(meta.slice(0, 8), '446a0ef1');
  await writer.detachedMetadata(repeatedChecksum('ab'), Buffer.from('detached'));
  await writer.ref('a/b', repeatedChecksum('cd'));

  const repo = await openRepository(path);
  assert.equal(repo.mode, 'archive');
  assert.equal(repo.config.get('core')?.get('collection-id'), 'org.example.Os');
  const object = await repo.objects.content(file);
  assert.equal(await fileChecksum(object), file);
  assert.equal((await collect(object.stream())).toString(), 'foo');
  assert.equal((await repo.objects.metadata('commitmeta', repeatedChecksum('ab'))).toString(), 'detached');
  assert.deepEqual(await listHeads(repo), new Map([['a/b', repeatedChecksum('cd')]]));
});

test('an object that is not what it should be leaves nothing behind', async (t) => {
  const path = join(await tempDir(t), 'repo');
  const writer = await ArchiveWriter.create(path);
  const before = pathsBelow(path);
  const object = {
    header: HEADER,
    size: 3,
    async *stream() {
      yield Buffer.from('fop');
    },
  };
  const foo = parseChecksum('979b41ca'.padEnd(64, '0'));
  await assert.rejects(writer.object(foo, object), coded('ERR_OBJECT_CORRUPT', `${foo}.file`));
  assert.deepEqual(pathsBelow(path), before);
});

test('wrong names are refused', async (t) => {
  const writer = await ArchiveWriter.create(join(await tempDir(t), 'repo'));
  await assert.rejects(writer.ref('../config', repeatedChecksum('cd')), coded('ERR_REF_SYNTAX'));
  await assert.rejects(writer.ref('main', uncheckedChecksum('nonsense')), coded('ERR_CHECKSUM_SYNTAX'));
  const object = { header: HEADER, size: 0, async *stream() {} };
  await assert.rejects(writer.object(uncheckedChecksum('../../x'), object), coded('ERR_CHECKSUM_SYNTAX'));
});

test('ostree finds the fixture sound', { skip: unlessInstalled('ostree') }, async (t) => {
  const { path } = await writeOstreeFixture(join(await tempDir(t), 'repo'));
  await must(['ostree', `--repo=${path}`, 'fsck', '--quiet']);
});

describe('a whole repository of another mode, copied object by object', { skip }, () => {
  const repos = new ModeRepos();
  after(() => repos.remove());

  test('is sound for ostree', async (t) => {
    const { objects, commit } = await repos.open('bare-user');
    const path = join(await tempDir(t), 'copy');
    const writer = await ArchiveWriter.create(path);
    for await (const { type, checksum } of reachableObjects(objects, commit)) {
      if (type === 'file') await writer.object(checksum, await objects.content(checksum));
      else if (type === 'commit' || type === 'dirtree' || type === 'dirmeta') {
        assert.equal(await writer.metadata(type, await objects.metadata(type, checksum)), checksum);
      }
    }
    await writer.ref('exampleos/x86_64/main', commit);
    await must(['ostree', `--repo=${path}`, 'fsck', '--quiet']);
    assert.deepEqual(
      pathsBelow(path).filter((file) => /tmp|\.part|~$/.test(file.slice(path.length))),
      [],
    );
  });
});
