import assert from 'node:assert/strict';
import test from 'node:test';
import {
  detachedMetadataKey,
  ENDIANNESS_KEY,
  endiannessVariant,
  parseSuperblock,
  partPath,
  type Superblock,
  serializeSuperblock,
} from '../../../src/delta/static/superblock.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { repeatedChecksum } from '../../support/checksums.ts';
import { DELTA_FIXTURES, deltaFixture } from '../../support/delta-fixtures.ts';
import { coded } from '../../support/expect.ts';

const PLAIN = DELTA_FIXTURES.filter((fixture) => !fixture.includes('signed'));

test('superblocks of ostree serialize to the bytes they were parsed from', () => {
  assert.ok(PLAIN.length > 15);
  for (const fixture of PLAIN) {
    const bytes = deltaFixture(fixture, 'superblock');
    assert.deepEqual(serializeSuperblock(parseSuperblock(bytes)), bytes, fixture);
  }
});

test('a superblock holds the commit, its parts and its fallbacks', () => {
  const superblock = parseSuperblock(deltaFixture('variants/from-to-fallback', 'superblock'));
  assert.equal(superblock.timestamp, 1795792703);
  assert.equal(checksumOf(superblock.commit), superblock.to);
  assert.match(superblock.from ?? '', /^1b43ca67/);
  assert.deepEqual(
    superblock.parts.map(({ version, size, usize, objects }) => [version, size, usize, objects.length]),
    [[0, 18077, 312262, 15]],
  );
  const [fallback] = superblock.fallbacks;
  assert.deepEqual([fallback?.object.type, fallback?.size, fallback?.usize], ['file', 3415, 1102000]);
});

test('sizes are read and written in the order that the metadata names', () => {
  const little = parseSuperblock(deltaFixture('variants/from-to-nobsdiff', 'superblock'));
  const metadata = new Map([...little.metadata, [ENDIANNESS_KEY, endiannessVariant('big')]]);
  const bytes = serializeSuperblock({ ...little, order: 'big', metadata });
  const big = parseSuperblock(bytes);
  assert.equal(big.order, 'big');
  assert.deepEqual(big.parts, little.parts);
  assert.notDeepEqual(bytes, serializeSuperblock(little));
});

test('without the key, the order is the one in which the sizes are smaller', () => {
  const { parts, ...rest } = parseSuperblock(deltaFixture('variants/from-to-fallback', 'superblock'));
  for (const order of ['little', 'big'] as const) {
    const bytes = serializeSuperblock({ ...rest, parts, order, metadata: new Map() });
    const read = parseSuperblock(bytes);
    assert.equal(read.order, order);
    assert.deepEqual(read.parts, parts);
  }
  const empty = parts.map((part) => ({ ...part, usize: 0, objects: [] }));
  const bytes = serializeSuperblock({ ...rest, parts: empty, order: 'little', metadata: new Map() });
  assert.deepEqual(parseSuperblock(bytes).parts, empty);
});

test('truncated superblocks and changed framing are refused', () => {
  const bytes = deltaFixture('variants/from-to-fallback', 'superblock');
  for (let length = 0; length < bytes.length; length += 7)
    assert.throws(() => parseSuperblock(bytes.subarray(0, length)), coded('ERR_VARIANT'));
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  assert.throws(() => parseSuperblock(longer), coded('ERR_VARIANT'));
});

test('objects of types that deltas do not hold are refused, and numbers out of range', () => {
  const read = parseSuperblock(deltaFixture('variants/from-to-fallback', 'superblock'));
  const bytes = serializeSuperblock(read);
  const [object] = read.parts[0]?.objects ?? [];
  const at = bytes.indexOf(Buffer.from(object?.checksum ?? '', 'hex'));
  const changed = Buffer.from(bytes);
  changed[at - 1] = 6;
  assert.throws(() => parseSuperblock(changed), coded('ERR_DELTA_CORRUPT', 'type 6'));
  const huge: Superblock = { ...read, timestamp: 2 ** 53 };
  assert.throws(
    () => parseSuperblock(serializeSuperblock(huge)),
    coded('ERR_DELTA_CORRUPT', '9007199254740992'),
  );
  const commitmeta = { type: 'commitmeta', checksum: repeatedChecksum('a') } as const;
  const parts = read.parts.map((part) => ({ ...part, objects: [commitmeta] }));
  assert.throws(() => serializeSuperblock({ ...read, parts }), coded('ERR_DELTA_CORRUPT', 'commitmeta'));
});

test('parts and detached metadata are named by the directory of the delta', () => {
  const inline = parseSuperblock(deltaFixture('variants/from-to-inline', 'superblock'));
  assert.equal(inline.metadata.get(partPath(inline, 0))?.type, '(yay)');
  assert.match(detachedMetadataKey(inline), /^deltas\/G0\/PKZ[^/]+-POhp[^/]+\/commitmeta$/);
});
