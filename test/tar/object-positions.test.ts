import assert from 'node:assert/strict';
import test from 'node:test';
import { TreeportError } from '../../src/base/errors.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { ObjectPositions } from '../../src/tar/object-positions.ts';

test('an error about an object of the stream gets the byte of its entry', () => {
  const positions = new ObjectPositions();
  const checksums = Array.from({ length: 3000 }, (_, index) => checksumOf(Buffer.from(`${index}`)));
  for (const [index, checksum] of checksums.entries()) positions.note(checksum, index * 2 ** 40);
  for (const index of [0, 1023, 1024, 2999]) {
    const error = new TreeportError('ERR_OBJECT_CORRUPT', `object ${checksums[index]}.file is corrupt: why`);
    const { code, message } = positions.placed(error) as TreeportError;
    assert.equal(code, 'ERR_OBJECT_CORRUPT');
    assert.equal(message, `${error.message} (entry at byte ${index * 2 ** 40}, uncompressed)`);
  }
  for (const error of [
    new TreeportError('ERR_OBJECT_CORRUPT', `object ${checksumOf(Buffer.from('other'))}.file is corrupt`),
    new TreeportError('ERR_OBJECT_MISSING', `object ${checksums[0]}.file is missing`),
    new TreeportError('ERR_OBJECT_CORRUPT', 'a dirtree has no end'),
    new Error('other'),
  ])
    assert.equal(positions.placed(error), error);
});
