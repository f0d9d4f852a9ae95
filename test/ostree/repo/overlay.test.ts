import assert from 'node:assert/strict';
import test from 'node:test';
import { TreeportError } from '../../../src/base/errors.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import type { ObjectName } from '../../../src/ostree/object-name.ts';
import { contentHead, type ObjectSource, storedEmpty } from '../../../src/ostree/object-source.ts';
import { overlay } from '../../../src/ostree/repo/overlay.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';

const sum = repeatedChecksum;
const header = (target: string) => ({ uid: 0, gid: 0, mode: 0o120777, target, xattrs: Buffer.alloc(0) });

/** Holds the files and dirtrees with these ids, and says that they are its own. */
function source(own: string, checksums: readonly Checksum[]): ObjectSource {
  const check = (checksum: Checksum) => {
    if (!checksums.includes(checksum))
      throw new TreeportError('ERR_OBJECT_MISSING', `${own} lacks ${checksum}`);
  };
  return {
    has: async ({ checksum }) => checksums.includes(checksum),
    metadata: async (_, checksum) => {
      check(checksum);
      return Buffer.from(own);
    },
    content: async (checksum) => {
      check(checksum);
      return storedEmpty(header(own));
    },
    async *list() {
      for (const checksum of checksums) yield { type: 'file', checksum };
    },
  };
}

test('the upper source comes first, the lower one fills in', async () => {
  const both = overlay(source('upper', [sum('a'), sum('b')]), source('lower', [sum('b'), sum('c')]));
  assert.equal((await both.metadata('dirtree', sum('b'))).toString(), 'upper');
  assert.equal((await both.metadata('dirtree', sum('c'))).toString(), 'lower');
  assert.equal((await both.content(sum('a'))).header.target, 'upper');
  assert.equal((await both.content(sum('c'))).header.target, 'lower');
  assert.equal((await contentHead(both, sum('a'))).header.target, 'upper');
  assert.equal((await contentHead(both, sum('c'))).header.target, 'lower');
  const has = (digit: string) => both.has({ type: 'file', checksum: sum(digit) });
  assert.deepEqual([await has('a'), await has('c'), await has('d')], [true, true, false]);
  await assert.rejects(both.content(sum('d')), coded('ERR_OBJECT_MISSING', 'lower'));
  const listed: ObjectName[] = [];
  for await (const name of both.list()) listed.push(name);
  assert.deepEqual(
    listed.map(({ checksum }) => checksum),
    [sum('a'), sum('b'), sum('c')],
  );
});

test('a file is opened in the first source that has it, if that can open files', () => {
  const opening = (own: string, checksum: Checksum): ObjectSource => ({
    ...source(own, [checksum]),
    openContent: (wanted) => {
      if (wanted !== checksum) throw new TreeportError('ERR_OBJECT_MISSING', `${own} lacks ${wanted}`);
      return { header: header(own), size: 0, read: () => 0, close: () => {} };
    },
  });
  const openedIn = (upper: ObjectSource, lower: ObjectSource, digit: string) =>
    overlay(upper, lower).openContent?.(sum(digit))?.header.target;
  assert.equal(openedIn(opening('upper', sum('a')), opening('lower', sum('b')), 'a'), 'upper');
  assert.equal(openedIn(opening('upper', sum('a')), opening('lower', sum('b')), 'b'), 'lower');
  assert.equal(openedIn(source('upper', [sum('b')]), opening('lower', sum('b')), 'b'), undefined);
  assert.equal(openedIn(opening('upper', sum('a')), source('lower', [sum('b')]), 'b'), undefined);
  assert.throws(
    () => openedIn(opening('upper', sum('a')), opening('lower', sum('b')), 'c'),
    coded('ERR_OBJECT_MISSING', 'lower'),
  );
});

test('an object that is there but cannot be read is not looked for below', async () => {
  const broken: ObjectSource = {
    ...source('upper', []),
    content: async () => {
      throw new TreeportError('ERR_OBJECT_UNREADABLE', 'upper cannot read it');
    },
  };
  await assert.rejects(
    overlay(broken, source('lower', [sum('a')])).content(sum('a')),
    coded('ERR_OBJECT_UNREADABLE'),
  );
});
