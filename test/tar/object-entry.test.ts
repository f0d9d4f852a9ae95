import assert from 'node:assert/strict';
import test from 'node:test';
import { objectEntry, xattrsTarget } from '../../src/tar/object-entry.ts';
import { coded } from '../support/expect.ts';

const ID = 'ab'.repeat(32);
const STEM = ID.slice(2);
const REPO = 'sysroot/ostree/repo';

function classify(path: string, type: 'file' | 'directory' = 'file') {
  return objectEntry({ path, type });
}

test('names of objects and their attributes', () => {
  for (const type of ['commit', 'commitmeta', 'dirtree', 'dirmeta']) {
    const expected = { kind: 'metadata', type, checksum: ID };
    assert.deepEqual(classify(`${REPO}/objects/ab/${STEM}.${type}`), expected);
  }
  const kinds = {
    'objects/ab/STEM.file': 'content',
    'objects/ab/STEM.file-xattrs': 'xattrs',
    'objects/ab/STEM.file-xattrs-link': 'xattrs link',
    'objects/ab/STEM.file.xattrs': 'xattrs link',
    'xattrs/ID': 'xattrs',
  };
  for (const [path, kind] of Object.entries(kinds)) {
    const full = `${REPO}/${path.replace('STEM', STEM).replace('ID', ID)}`;
    assert.deepEqual(classify(full), { kind, checksum: ID });
  }
  assert.deepEqual(classify(`${REPO}/config`), { kind: 'config' });
});

test('what is not for importers is skipped', () => {
  for (const path of [
    'usr/bin/bash',
    `./${REPO}/objects/ab/${STEM}.file`,
    `/${REPO}/objects/ab/${STEM}.file`,
    `${REPO}extra/objects/ab/${STEM}.file`,
    `${REPO}/refs/heads/objects/main`,
    `${REPO}/extensions/foo`,
    `${REPO}/objects/config`,
    'sysroot/config',
  ]) {
    assert.equal(classify(path), undefined, path);
  }
  assert.equal(classify(`${REPO}/objects/zz`, 'directory'), undefined);
});

test('names that no object has are ERR_TAR_OBJECT and named', () => {
  for (const path of [
    `objects/ab/${STEM}.filez`,
    `objects/ab/${STEM}.tombstone-commit`,
    `objects/ab/${STEM}`,
    `objects/ab/${STEM.slice(1)}.file`,
    `objects/ab/${STEM.toUpperCase()}.file`,
    `objects/abc/${STEM}.file`,
    `objects/ab/cd/${STEM}.file`,
    `objects/${ID}.file`,
    `xattrs/${STEM}`,
  ]) {
    const full = `${REPO}/${path}`;
    assert.throws(
      () => classify(full),
      (error: Error & { code?: string }) => error.code === 'ERR_TAR_OBJECT' && error.message.includes(full),
    );
  }
});

test('names are quoted, so that a message stays one line', () => {
  assert.throws(
    () => classify(`${REPO}/objects/ab/${STEM}.dirt\n\n`),
    coded('ERR_TAR_OBJECT', '"dirt\\n\\n"'),
  );
});

test('targets of links to attributes: whole, relative and v0', () => {
  for (const target of [
    `${REPO}/objects/ab/${STEM}.file-xattrs`,
    `../ab/${STEM}.file-xattrs`,
    `${REPO}/xattrs/${ID}`,
    `../../xattrs/${ID}`,
  ]) {
    assert.equal(xattrsTarget('entry', target), ID);
  }
  assert.throws(() => xattrsTarget('entry', '../ab/nothing'), { code: 'ERR_TAR_OBJECT', message: /"entry"/ });
});
