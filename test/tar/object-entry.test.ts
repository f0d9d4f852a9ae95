import assert from 'node:assert/strict';
import test from 'node:test';
import { END_OF_ARCHIVE } from '../../src/tar/entry.ts';
import { classifyEntry, xattrsTarget } from '../../src/tar/object-entry.ts';
import { coded } from '../support/expect.ts';
import { inPieces, readAll, tarArchive, tarEntry } from '../support/tar-streams.ts';

const ID = 'ab'.repeat(32);
const STEM = ID.slice(2);
const REPO = 'sysroot/ostree/repo';

function classify(path: string, type: 'file' | 'directory' = 'file') {
  return classifyEntry({ path, type });
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

const REST = 'a'.repeat(62);
const CHECKSUM = { at: 148, length: 8 };

for (const path of [
  `${REPO}/objects/../../../../etc/passwd`,
  `${REPO}/objects/../${REST}.file`,
  `${REPO}/objects/ab/../${REST}.file`,
  `${REPO}/xattrs/../${REST}`,
]) {
  test(`an object at ${path} is refused by name`, async () => {
    const tar = tarArchive([{ path, data: 'x' }]);
    await assert.rejects(readAll(inPieces(tar)), coded('ERR_TAR_OBJECT', JSON.stringify(path)));
  });
}

test('paths that lead elsewhere are no objects, and are passed over', async () => {
  const paths = ['../etc/passwd', `${REPO}/../../../etc/passwd`, `${REPO}/refs/../config`, 'etc/passwd'];
  const tar = tarArchive(paths.map((path) => ({ path, data: 'x' })));
  assert.deepEqual(await readAll(inPieces(tar)), []);
});

test('an object whose name is not UTF-8 is refused', async () => {
  const entry = tarEntry({ path: `${REPO}/objects/ab/${REST}.file`, data: 'x' });
  entry[`${REPO}/objects/ab/`.length] = 0xff;
  sumAgain(entry);
  const tar = Buffer.concat([entry, END_OF_ARCHIVE]);
  await assert.rejects(readAll(inPieces(tar)), coded('ERR_TAR_OBJECT', 'not the name of an object'));
});

/** A header's checksum counts itself as spaces. */
function sumAgain(header: Buffer): void {
  header.fill(' ', CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(7, '0')}\0`, CHECKSUM.at, 'latin1');
}
