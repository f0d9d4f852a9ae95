import assert from 'node:assert/strict';
import test from 'node:test';
import { END_OF_ARCHIVE } from '../../src/tar/entry.ts';
import { coded } from '../support/expect.ts';
import { inPieces, readAll, tarArchive, tarEntry } from '../support/tar-streams.ts';

const REPO = 'sysroot/ostree/repo';
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
