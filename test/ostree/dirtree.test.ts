import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError, messageOf } from '../../src/base/errors.ts';
import { view, write } from '../../src/gvariant/index.ts';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { DIRTREE_TYPE, parseDirtree, serializeDirtree } from '../../src/ostree/dirtree.ts';
import { Random } from '../gvariant/random.ts';

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

type Decoded = readonly [
  files: readonly (readonly [string, Buffer])[],
  directories: readonly (readonly [string, Buffer, Buffer])[],
];

function decoded(bytes: Buffer): Decoded | string {
  try {
    return view(DIRTREE_TYPE, bytes).check().value() as unknown as Decoded;
  } catch (error) {
    return messageOf(error);
  }
}

/** Sorted, mostly short names; some with letters of several bytes. */
function names(random: Random, limit: number, suffix: string): readonly string[] {
  const letters = [...'abcäß€😀'];
  const name = () => `${random.list(9, () => random.pick(letters)).join('')}${suffix}`;
  return [...new Set(random.list(limit, name))].toSorted((a, b) => Buffer.from(a).compare(Buffer.from(b)));
}

test('entries are those of the general codec, and so are the faults, whatever the bytes', () => {
  const random = new Random(11);
  const seen = { good: 0, bad: 0 };
  for (let round = 0; round < 1200; round++) {
    // The sizes need offsets of 1, 2 and 4 bytes.
    const limit = round % 100 === 0 ? 3000 : round % 10 === 0 ? 300 : 5;
    const bytes = tree(names(random, limit, '1'), names(random, limit >>> 1, '2'));
    for (let change = random.below(3); change > 0; change--)
      bytes[random.below(bytes.length)] = random.below(256);
    const expected = decoded(bytes);
    const found = (() => {
      try {
        return parseDirtree(bytes);
      } catch (error) {
        assert.ok(isTreeportError(error));
        return error;
      }
    })();
    if (typeof expected === 'string') assert.equal(messageOf(found), expected, bytes.toString('hex', 0, 99));
    else
      assert.ok(
        !isTreeportError(found, 'ERR_VARIANT'),
        `${messageOf(found)}: ${bytes.toString('hex', 0, 99)}`,
      );
    if (found instanceof Error || typeof expected === 'string') {
      seen.bad += 1;
      continue;
    }
    seen.good += 1;
    const hexOf = (sum: Buffer) => sum.toString('hex');
    assert.deepEqual(
      [
        found.files.map(({ name, checksum }) => [name, checksum]),
        found.directories.map(({ name, tree, meta }) => [name, tree, meta]),
      ],
      [
        expected[0].map(([name, sum]) => [name, hexOf(sum)]),
        expected[1].map(([name, one, other]) => [name, hexOf(one), hexOf(other)]),
      ],
    );
  }
  assert.ok(seen.good > 200 && seen.bad > 200, JSON.stringify(seen));
});
