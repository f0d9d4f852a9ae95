import assert from 'node:assert/strict';
import test from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { collect } from '../../src/base/bytes.ts';
import { TreeportError } from '../../src/base/errors.ts';
import { archiveHeader, type FileHeader } from '../../src/ostree/file-header.ts';
import { encodeFilez, encodeSmallFilez } from '../../src/ostree/filez.ts';
import { type ContentObject, noBytes } from '../../src/ostree/object-source.ts';
import { coded } from '../support/expect.ts';

const REGULAR: FileHeader = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
const SYMLINK: FileHeader = { ...REGULAR, mode: 0o120777, target: 'foo' };

function objectOf(bytes: Buffer, pieceBytes: number): ContentObject {
  return {
    header: REGULAR,
    size: bytes.length,
    async *stream() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    },
  };
}

test('the known bytes of a small file, an empty file and a symlink', () => {
  const header = '0000001a00000000' + '0000000000000003' + '0000000000000000000081a400000000' + '0019';
  assert.equal(encodeSmallFilez(REGULAR, Buffer.from('foo')).toString('hex'), `${header}4bcbcf0700`);
  const empty = encodeSmallFilez(REGULAR, Buffer.alloc(0));
  assert.equal(empty.subarray(-2).toString('hex'), '0300');
  assert.ok(encodeSmallFilez(SYMLINK, Buffer.alloc(0)).equals(archiveHeader(SYMLINK, 0)));
});

test('header and deflated bytes, whatever the pieces', async () => {
  const content = Buffer.alloc(700_000, 'treeport carries trees. ');
  for (const pieceBytes of [1000, 65_536, content.length]) {
    const bytes = await collect(encodeFilez(objectOf(content, pieceBytes)));
    const header = archiveHeader(REGULAR, content.length);
    assert.ok(bytes.subarray(0, header.length).equals(header));
    assert.ok(inflateRawSync(bytes.subarray(header.length)).equals(content));
  }
});

test('a symlink and an empty file as streams', async () => {
  const symlink: ContentObject = { header: SYMLINK, size: 0, stream: noBytes };
  assert.ok((await collect(encodeFilez(symlink))).equals(archiveHeader(SYMLINK, 0)));
  const empty = await collect(encodeFilez(objectOf(Buffer.alloc(0), 1)));
  assert.equal(empty.subarray(-2).toString('hex'), '0300');
});

test('a higher level compresses better', async () => {
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => `${index % 977} `).join(''));
  const fast = await collect(encodeFilez(objectOf(content, 65_536), 1));
  const best = await collect(encodeFilez(objectOf(content, 65_536), 9));
  assert.ok(best.length < fast.length);
});

test('a fault of the object ends the stream with that fault', async () => {
  const broken: ContentObject = {
    header: REGULAR,
    size: 10,
    async *stream() {
      yield Buffer.from('abc');
      throw new TreeportError('ERR_OBJECT_CORRUPT', 'object abc.file is corrupt');
    },
  };
  await assert.rejects(collect(encodeFilez(broken)), coded('ERR_OBJECT_CORRUPT', 'abc.file'));
});
