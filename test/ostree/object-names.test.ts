import assert from 'node:assert/strict';
import test from 'node:test';
import { formatObjectName, type ObjectType } from '../../src/ostree/object-name.ts';
import { ObjectNames } from '../../src/ostree/object-names.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const TYPES: readonly ObjectType[] = [
  'file',
  'dirtree',
  'dirmeta',
  'commit',
  'commitmeta',
  'tombstone-commit',
];

test('names of every type come back in order, each once', () => {
  const names = new ObjectNames();
  const texts = ['0', 'f', '0123456789abcdef'].flatMap((digits) =>
    TYPES.map((type) => formatObjectName({ type, checksum: repeatedChecksum(digits) })),
  );
  for (const text of [...texts, ...texts]) names.add(text);
  assert.deepEqual([...names], texts);
  assert.equal(names.size, texts.length);
  assert.ok(names.has(texts[3] as string));
  assert.ok(!names.has(formatObjectName({ type: 'file', checksum: repeatedChecksum('1') })));
});
