import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { print, variant } from '../../src/gvariant/index.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';
import {
  type Commit,
  contentChecksum,
  parseCommit,
  refBinding,
  serializeCommit,
} from '../../src/ostree/commit.ts';
import { parseDirmeta, serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { parseDirtree, serializeDirtree } from '../../src/ostree/dirtree.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { must } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum, uncheckedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';
import { makeHostileTree } from '../support/hostile-tree.ts';
import { FIXTURE_COMMIT, FIXTURE_CONTENT, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { commitDirectory, initRepo } from '../support/ostree-repos.ts';
import { unlessInstalled } from '../support/programs.ts';

const plain: Commit = {
  metadata: new Map(),
  parent: undefined,
  subject: '',
  body: '',
  timestamp: 0,
  rootTree: repeatedChecksum('a'),
  rootMeta: repeatedChecksum('b'),
};

test('commits come back', () => {
  const full: Commit = {
    metadata: new Map([
      ['version', variant('s', '1')],
      ['ostree.ref-binding', variant('as', ['a', 'b'])],
    ]),
    parent: repeatedChecksum('c'),
    subject: 'A subject – ä',
    body: 'Two\nlines\n',
    timestamp: 1_800_000_000,
    rootTree: repeatedChecksum('a'),
    rootMeta: repeatedChecksum('b'),
  };
  for (const commit of [plain, full]) assert.deepEqual(parseCommit(serializeCommit(commit)), commit);
  assert.deepEqual(refBinding(full), ['a', 'b']);
  assert.equal(refBinding(plain), undefined);
});

test('a checksum of the wrong length is a corrupt commit', () => {
  const bytes = serializeCommit({ ...plain, rootTree: uncheckedChecksum('a'.repeat(62)) });
  assert.throws(() => parseCommit(bytes), coded('ERR_OBJECT_CORRUPT'));
  assert.throws(
    () => parseCommit(serializeCommit({ ...plain, parent: uncheckedChecksum('ab') })),
    coded('ERR_OBJECT_CORRUPT'),
  );
  assert.throws(() => parseCommit(Buffer.from('nonsense')), coded('ERR_VARIANT'));
});

test('the known commit has its known ids', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const bytes = readFileSync(join(path, loosePath(commit, 'commit')));
  assert.equal(checksumOf(bytes), FIXTURE_COMMIT);
  assert.equal(contentChecksum(parseCommit(bytes)), FIXTURE_CONTENT);
});

test('all metadata of a repository made by ostree writes back to its bytes', {
  skip: unlessInstalled('ostree', 'setfattr', 'setcap'),
}, async (t) => {
  const folder = await tempDir(t);
  const path = await initRepo(join(folder, 'repo'), 'bare-user');
  mkdirSync(join(folder, 'tree'));
  await makeHostileTree(join(folder, 'tree'));
  await commitDirectory(path, join(folder, 'tree'));
  writeFileSync(join(folder, 'tree/more'), 'more\n');
  const words = [
    '--add-metadata-string=version=42.0',
    '--add-metadata=dict={"a": <byte 0x07>}',
    "--add-metadata=list=['a', 'b']",
  ];
  const commit = await commitDirectory(path, join(folder, 'tree'), {
    subject: 'Ünïcödé',
    words: [...words, '--body=A\nbody', '--generate-sizes'],
  });
  const { objects } = await openRepository(path);
  const writeBack = {
    commit: (bytes: Buffer) => serializeCommit(parseCommit(bytes)),
    dirtree: (bytes: Buffer) => serializeDirtree(parseDirtree(bytes)),
    dirmeta: (bytes: Buffer) => serializeDirmeta(parseDirmeta(bytes)),
  };
  const counts = { commit: 0, dirtree: 0, dirmeta: 0 };
  for await (const { type, checksum } of objects.list()) {
    if (type !== 'commit' && type !== 'dirtree' && type !== 'dirmeta') continue;
    const bytes = await objects.metadata(type, checksum);
    assert.equal(writeBack[type](bytes).toString('hex'), bytes.toString('hex'), `${checksum}.${type}`);
    counts[type] += 1;
  }
  assert.equal(counts.commit, 2);
  assert.ok(counts.dirtree > 5 && counts.dirmeta > 1, JSON.stringify(counts));

  const parsed = parseCommit(await objects.metadata('commit', commit));
  assert.equal(parsed.subject, 'Ünïcödé');
  assert.equal(parsed.body, 'A\nbody');
  assert.equal(parsed.timestamp, Date.UTC(2026, 0, 2, 3, 4, 5) / 1000);
  for (const [key, value] of parsed.metadata) {
    const shown = await must(['ostree', `--repo=${path}`, 'show', `--print-metadata-key=${key}`, commit]);
    assert.equal(print(value.type, value.value), shown, key);
  }
});
