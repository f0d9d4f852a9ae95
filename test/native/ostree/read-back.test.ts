import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { holdsObject } from '../../../src/native/ostree/read-back.ts';
import { type FileHeader, hashedHeader, S_IFREG, SYMLINK_MODE } from '../../../src/ostree/file-header.ts';
import { encodeSmallFilez } from '../../../src/ostree/filez.ts';
import { NO_XATTRS } from '../../../src/ostree/xattrs.ts';
import { tempDir } from '../../e2e/support/scratch.ts';

const FILE: FileHeader = { uid: 1, gid: 2, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };
const LINK: FileHeader = { ...FILE, mode: SYMLINK_MODE, target: 'somewhere' };

function streamOf(header: FileHeader, bytes: Buffer): Buffer {
  return Buffer.concat([hashedHeader(header), bytes]);
}

test('what was written is recognised, and nothing else', async (t) => {
  const path = join(await tempDir(t), 'object.filez');
  const bytes = Buffer.from('some bytes '.repeat(1000));
  const stream = streamOf(FILE, bytes);
  const holds = (file: Buffer, given = stream) => {
    writeFileSync(path, file);
    return holdsObject(path, given);
  };
  const filez = encodeSmallFilez(FILE, bytes);
  assert.equal(holds(filez), true);
  for (let length = 0; length < filez.length; length++)
    assert.equal(holds(filez.subarray(0, length)), false, `cut after ${length} bytes`);
  assert.equal(holds(Buffer.concat([filez, Buffer.alloc(1)])), false);
  assert.equal(holds(encodeSmallFilez({ ...FILE, uid: 3 }, bytes)), false);
  assert.equal(holds(encodeSmallFilez(FILE, Buffer.concat([bytes, bytes]))), false);
  const other = Buffer.from(bytes);
  other[5000] = 0;
  assert.equal(holds(encodeSmallFilez(FILE, other)), false);
  assert.equal(holdsObject(`${path}-missing`, stream), false);
});

test('empty files and symlinks', async (t) => {
  const path = join(await tempDir(t), 'object.filez');
  for (const header of [FILE, LINK]) {
    const filez = encodeSmallFilez(header, Buffer.alloc(0));
    writeFileSync(path, filez);
    assert.equal(holdsObject(path, streamOf(header, Buffer.alloc(0))), true);
    writeFileSync(path, filez.subarray(0, -1));
    assert.equal(holdsObject(path, streamOf(header, Buffer.alloc(0))), false);
  }
  writeFileSync(path, Buffer.concat([encodeSmallFilez(LINK, Buffer.alloc(0)), Buffer.from('x')]));
  assert.equal(holdsObject(path, streamOf(LINK, Buffer.alloc(0))), false);
});
