import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { type FileHeader, hashedHeader, S_IFREG } from '../../../src/ostree/file-header.ts';
import { encodeSmallFilez } from '../../../src/ostree/filez.ts';
import { objectInRange, verifiedRange } from '../../../src/ostree/repo/filez-range.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { tempFolder } from '../../server/repos.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { coded } from '../../support/expect.ts';

const HEADER: FileHeader = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };

/** The archive file of an object with these bytes, between others, open. */
function rangeOf(t: TestContext, bytes: Buffer, cut = 0) {
  const checksum = checksumOf(Buffer.concat([hashedHeader(HEADER), bytes]));
  const filez = encodeSmallFilez(HEADER, bytes);
  const path = join(tempFolder(t), 'file');
  const around = Buffer.alloc(cut === 0 ? 100 : 0, 0xff);
  writeFileSync(
    path,
    Buffer.concat([Buffer.alloc(100, 0xff), filez.subarray(0, filez.length - cut), around]),
  );
  const fd = openSync(path, 'r');
  t.after(() => closeSync(fd));
  return { checksum, filez, range: { fd, from: 100, length: filez.length } };
}

test('objects of all sizes are decoded, and their archive files returned', async (t) => {
  for (const size of [0, 10, 300_000, 2_000_000]) {
    const bytes = randomBytes(size);
    const { checksum, filez, range } = rangeOf(t, bytes);
    assert.deepEqual(await collect(objectInRange(range, checksum).stream()), bytes);
    const found = await verifiedRange(range, checksum);
    assert.equal(Buffer.isBuffer(found), size < 256 * 1024, `${size} bytes`);
    assert.deepEqual(Buffer.isBuffer(found) ? found : await collect(found), filez);
  }
});

test('nothing is returned of another object, and of a file that is cut off', async (t) => {
  for (const size of [10, 300_000]) {
    const { range } = rangeOf(t, randomBytes(size));
    const other = repeatedChecksum('a');
    await assert.rejects(verifiedRange(range, other), coded('ERR_OBJECT_CORRUPT', other));
    const cut = rangeOf(t, randomBytes(size), 5);
    await assert.rejects(verifiedRange(cut.range, cut.checksum), coded('ERR_OBJECT_CORRUPT', cut.checksum));
  }
});
