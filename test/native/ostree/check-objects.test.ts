import assert from 'node:assert/strict';
import test from 'node:test';
import { checkContent } from '../../../src/native/ostree/check-objects.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { type FileHeader, S_IFLNK, S_IFREG } from '../../../src/ostree/file-header.ts';
import type { RepositoryMode } from '../../../src/ostree/repo/open.ts';
import { serializeXattrs } from '../../../src/ostree/xattrs.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { contentId, contentObject } from '../../support/content-objects.ts';
import { coded } from '../../support/expect.ts';
import {
  assertEmpty,
  commitToArchive,
  objectsOf,
  started,
  unlessLibostree,
} from '../../support/libostree.ts';
import { treeOf } from '../../support/libostree-trees.ts';

const skip = unlessLibostree();

const BYTES = Buffer.from('x');
const NO_BYTES = Buffer.alloc(0);

function check(header: Partial<FileHeader>, bytes: Buffer = BYTES, mode: RepositoryMode = 'bare'): void {
  checkContent(repeatedChecksum('a'), contentObject(bytes, header), mode);
}

function link(target: string, mode = 0o777): Partial<FileHeader> {
  return { target, mode: S_IFLNK | mode };
}

/** One attribute with these bytes as its name, serialized by hand. */
function named(...name: readonly number[]): Partial<FileHeader> {
  return { xattrs: Buffer.from([...name, 0x76, name.length, name.length + 2]) };
}

test('valid objects are accepted', () => {
  check({});
  check({ uid: 4_294_967_294, gid: 1, mode: S_IFREG | 0o7777 });
  check(link('../..//weird//target'), NO_BYTES);
  check(link('Ünïcödé'), NO_BYTES);
  check(link('x'.repeat(4095)), NO_BYTES);
  check(named(0x61, 0));
});

test('files that no repository mode can store are rejected', () => {
  const broken: readonly [string, Partial<FileHeader>, Buffer?][] = [
    ['neither', { mode: 0o644 }],
    ['neither', { mode: 0o020644 }],
    ['neither', { mode: S_IFREG | 0o1000000 }],
    ['symlink target', { target: 'x' }],
    ['owner', { uid: 0xffffffff }],
    ['owner', { gid: -1 }],
    ['owner', { uid: 0.5 }],
    ['which is not a valid path', link(''), NO_BYTES],
    ['which is not a valid path', link('a\0b'), NO_BYTES],
    ['which is not a valid path', link('\ud800'), NO_BYTES],
    ['which is not a valid path', link('ü'.repeat(2048)), NO_BYTES],
    ['mode 0120644', link('x', 0o644), NO_BYTES],
    ['symlink with content', link('x')],
    ['malformed extended attributes', { xattrs: Buffer.from('garbage') }],
    ['invalid name', named(0)],
    ['invalid name', named(0x61)],
    ['invalid name', named(0x61, 0, 0x62, 0)],
  ];
  for (const [words, header, bytes] of broken) {
    assert.throws(
      () => check(header, bytes),
      coded('ERR_OBJECT_CORRUPT', words, repeatedChecksum('a')),
      words,
    );
  }
});

test('attributes must be sorted and unique', () => {
  const one = Buffer.from('a\0v');
  const two = Buffer.from('b\0v');
  const list = (first: Buffer, second: Buffer) => {
    const element = (pair: Buffer) => Buffer.concat([pair, Buffer.from([2])]);
    return { xattrs: Buffer.concat([element(first), element(second), Buffer.from([4, 8])]) };
  };
  check(list(one, two));
  assert.throws(() => check(list(two, one)), coded('ERR_OBJECT_CORRUPT', 'unsorted'));
  assert.throws(() => check(list(one, one)), coded('ERR_OBJECT_CORRUPT', 'unsorted'));
});

test('mode bare-user-only rejects what it cannot store', { skip }, async (t) => {
  const { repo, transaction } = await started(t, 'bare-user-only');
  const xattrs = serializeXattrs([{ name: Buffer.from('user.a'), value: Buffer.from('b') }]);
  for (const header of [{ uid: 1 }, { gid: 1 }, { xattrs }]) {
    const given = transaction.content(contentId(BYTES, header), contentObject(BYTES, header));
    await assert.rejects(given, coded('ERR_REPO_MODE', 'bare-user-only'));
  }
  const setuid = { mode: S_IFREG | 0o4755 };
  await transaction.content(contentId(BYTES, setuid), contentObject(BYTES, setuid));
  await assert.rejects(transaction.commit(), coded('ERR_LIBOSTREE', 'invalid mode'));
  await assertEmpty(repo.path);
  repo.close();
});

test('metadata with a wrong id, or malformed, is rejected', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const folder = await tempDir(t);
  const source = await commitToArchive(folder, treeOf('archive'));
  const wrong = repeatedChecksum('a');
  const commit = await source.repo.objects.metadata('commit', source.commit);
  await assert.rejects(transaction.metadata('commit', wrong, commit), coded('ERR_OBJECT_CORRUPT', wrong));
  for (const type of ['commit', 'dirtree', 'dirmeta'] as const) {
    const garbage = Buffer.from(`garbage for a ${type}`);
    const given = transaction.metadata(type, checksumOf(garbage), garbage);
    await assert.rejects(given, coded('ERR_OBJECT_CORRUPT', type));
  }
  await assert.rejects(
    transaction.detachedMetadata(wrong, Buffer.from('no dict')),
    coded('ERR_OBJECT_CORRUPT', 'commitmeta'),
  );
  const dirmeta = (await objectsOf(source)).find(({ type }) => type === 'dirmeta');
  assert.ok(dirmeta);
  const bytes = await source.repo.objects.metadata('dirmeta', dirmeta.checksum);
  await transaction.metadata('dirmeta', wrong, bytes);
  await assert.rejects(transaction.commit(), coded('ERR_OBJECT_CORRUPT', `${wrong}.dirmeta`));
  await assertEmpty(repo.path);
  repo.close();
});

test('metadata that is too large is rejected', { skip }, async (t) => {
  const { repo, transaction } = await started(t);
  const large = new Uint8Array(128 * 1024 * 1024 + 1);
  await assert.rejects(
    transaction.metadata('dirtree', repeatedChecksum('a'), large),
    coded('ERR_OBJECT_TOO_LARGE', `${'a'.repeat(64)}.dirtree`),
  );
  await transaction.abort();
  repo.close();
});
