import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { write } from '../../src/gvariant/index.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { DIRTREE_TYPE, parseDirtree, serializeDirtree } from '../../src/ostree/dirtree.ts';

const SUM = Buffer.alloc(32, 1);
const hex = parseChecksum(SUM.toString('hex'));

function tree(files: readonly string[], directories: readonly string[] = []): Buffer {
  return write(DIRTREE_TYPE, [files.map((name) => [name, SUM]), directories.map((name) => [name, SUM, SUM])]);
}

test('entries come back, sorted by bytes', () => {
  const names = ['a', 'a-b', 'a.b', 'aä', 'b', '\uffee', '😀'];
  const files = names.map((name) => ({ name, checksum: hex }));
  const directories = [{ name: 'd', tree: hex, meta: hex }];
  const bytes = serializeDirtree({ files: files.toReversed(), directories });
  assert.deepEqual(parseDirtree(bytes), { files, directories });
  assert.ok(tree(names, ['d']).equals(bytes));
});

test('an empty directory', () => {
  assert.equal(serializeDirtree({ files: [], directories: [] }).toString('hex'), '00');
  assert.deepEqual(parseDirtree(Buffer.from('00', 'hex')), { files: [], directories: [] });
});

test('hostile dirtrees are refused', async (t) => {
  const cases: Record<string, Buffer> = {
    'empty name': tree(['']),
    'this directory': tree(['.']),
    'parent directory': tree([], ['..']),
    'a slash': tree(['a/b']),
    'only a slash': tree([], ['/']),
    'unsorted files': tree(['b', 'a']),
    'a file twice': tree(['a', 'a']),
    'a directory twice': tree([], ['a', 'a']),
    'sorted by code units': tree(['😀', '\uffee']),
    'one name for a file and a directory': tree(['a', 'b'], ['b']),
    'a short checksum': write(DIRTREE_TYPE, [[['a', Buffer.alloc(31)]], []]),
    'no dirmeta checksum': write(DIRTREE_TYPE, [[], [['a', SUM, Buffer.alloc(0)]]]),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    await t.test(what, () => {
      assert.throws(
        () => parseDirtree(bytes),
        (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT'),
      );
    });
  }
});

test('bytes that are no dirtree are ERR_VARIANT', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('01', 'hex'), tree(['a']).subarray(1)]) {
    assert.throws(
      () => parseDirtree(bytes),
      (error) => isTreeportError(error, 'ERR_VARIANT'),
    );
  }
});
