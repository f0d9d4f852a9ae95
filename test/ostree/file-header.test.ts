/** Golden bytes of the objects in libostree's own bare-split-xattrs test repository. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import {
  archiveHeader,
  archiveHeaderLength,
  type FileHeader,
  hashedHeader,
  isSymlink,
  parseArchiveHeader,
} from '../../src/ostree/file-header.ts';

const MYKEY = Buffer.from('757365722e6d796b6579006d7976616c75650b13', 'hex');

function header(fields: Partial<FileHeader>): FileHeader {
  return { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0), ...fields };
}

const golden = [
  {
    what: 'a regular file',
    header: header({}),
    content: 'foo',
    id: '979b41ca',
    hashed: '0000001200000000' + '0000000000000000000081a400000000' + '0011',
    archive: '0000001a00000000' + '0000000000000003' + '0000000000000000000081a400000000' + '0019',
  },
  {
    what: 'a file with an attribute',
    header: header({ xattrs: MYKEY }),
    content: 'bar',
    id: '76c12e72',
    hashed: `00000026000000000000000000000000000081a40000000000${MYKEY.toString('hex')}11`,
    archive: `0000002e0000000000000000000000030000000000000000000081a40000000000${MYKEY.toString('hex')}19`,
  },
  {
    what: 'a symlink',
    header: header({ mode: 0o120777, target: 'foo' }),
    content: '',
    id: '6fdac495',
    hashed: '0000001500000000' + '00000000000000000000a1ff00000000' + '666f6f0014',
    archive: '0000001d00000000' + '0000000000000000' + '00000000000000000000a1ff00000000' + '666f6f001c',
  },
];

for (const { what, header, content, id, hashed, archive } of golden) {
  test(`${what} has the known header bytes and id`, () => {
    assert.equal(hashedHeader(header).toString('hex'), hashed);
    const digest = createHash('sha256').update(hashedHeader(header)).update(content).digest('hex');
    assert.equal(digest.slice(0, 8), id);
    const bytes = archiveHeader(header, content.length);
    assert.equal(bytes.toString('hex'), archive);
    assert.deepEqual(parseArchiveHeader(Buffer.concat([bytes, Buffer.from('body')]), 'it'), {
      header,
      size: content.length,
      length: bytes.length,
    });
    assert.equal(archiveHeaderLength(bytes.subarray(0, 8), 'it'), bytes.length);
  });
}

test('long targets, many attributes and large numbers come back', () => {
  const value = Buffer.alloc(70_000, 'v');
  const wide = Buffer.concat([Buffer.from('user.a\0'), value, Buffer.from([7, 0, 0, 0, ...u32(70_011)])]);
  const cases = [
    header({ mode: 0o120777, target: 't'.repeat(229) }),
    header({ mode: 0o120777, target: 't'.repeat(230) }),
    header({ mode: 0o120777, target: 't'.repeat(231) }),
    header({ mode: 0o120777, target: 'ä/😀' }),
    header({ uid: 0xfffffffe, gid: 0x80000000, mode: 0o107777 }),
    header({ xattrs: wide }),
  ];
  for (const each of cases) {
    const size = isSymlink(each) ? 0 : 2 ** 40 + 1;
    const parsed = parseArchiveHeader(archiveHeader(each, size), 'it');
    assert.deepEqual(parsed.header, each);
    assert.equal(parsed.size, size);
  }
});

function u32(value: number): number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
}

test('a broken header names the object', async (t) => {
  const good = archiveHeader(header({}), 3);
  const changed = (at: number, byte: number) => {
    const bytes = Buffer.from(good);
    bytes[at] = byte;
    return bytes;
  };
  const cases: Record<string, Buffer> = {
    'no bytes': Buffer.alloc(0),
    'no whole prefix': good.subarray(0, 7),
    'length 0': Buffer.alloc(40),
    'length of 4 GiB': changed(0, 0xff),
    'padding of the prefix': changed(7, 1),
    'cut off': good.subarray(0, good.length - 1),
    'a directory': changed(26, 0x41),
    'a device': changed(26, 0x21),
    'mode bits beyond 16': changed(25, 1),
    'a device number': changed(31, 1),
    'a file with a target': archiveHeader(header({ target: 'x' }), 3),
  };
  for (const [what, bytes] of Object.entries(cases)) {
    await t.test(what, () => {
      assert.throws(
        () => parseArchiveHeader(bytes, 'object abc.filez'),
        (error) => isTreeportError(error, 'ERR_OBJECT_CORRUPT') && error.message.includes('abc.filez'),
      );
    });
  }
  await t.test('no variant', () => {
    assert.throws(
      () => parseArchiveHeader(changed(33, 0x30), 'it'),
      (error) => isTreeportError(error, 'ERR_VARIANT'),
    );
  });
});
