import assert from 'node:assert/strict';
import test from 'node:test';
import { listBeneath, lstatBeneath, readLinkBeneath } from '../../src/base/list-beneath.ts';
import { makeTree } from '../support/beneath-tree.ts';
import { coded } from '../support/expect.ts';

test('directories are listed, links and files in them looked at', async (t) => {
  const { root, link } = await makeTree(t);
  link('somewhere else', 'a/link');
  link('../beside/a', 'out');
  link('a', 'alias');
  assert.deepEqual(
    listBeneath(root, 'a')
      ?.map(({ name }) => name)
      .toSorted(),
    ['b', 'file', 'link'],
  );
  assert.equal(
    listBeneath(root, '')
      ?.find(({ name }) => name === 'out')
      ?.isSymbolicLink(),
    true,
  );
  assert.equal(lstatBeneath(root, 'a/link')?.isSymbolicLink(), true);
  assert.equal(lstatBeneath(root, 'file')?.size, 6);
  assert.equal(readLinkBeneath(root, 'a/link')?.toString(), 'somewhere else');
  for (const absent of ['none', 'none/none', 'file/none']) {
    assert.equal(listBeneath(root, absent), undefined);
    assert.equal(lstatBeneath(root, absent), undefined);
    assert.equal(readLinkBeneath(root, absent), undefined);
  }
  assert.equal(listBeneath(root, 'file'), undefined);
  for (const linked of ['out', 'alias']) {
    assert.throws(() => listBeneath(root, linked), coded('ERR_FILE_UNSAFE', linked));
    assert.throws(() => lstatBeneath(root, `${linked}/file`), coded('ERR_FILE_UNSAFE', linked));
    assert.throws(() => readLinkBeneath(root, `${linked}/link`), coded('ERR_FILE_UNSAFE', linked));
  }
});
