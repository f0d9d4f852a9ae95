import assert from 'node:assert/strict';
import test from 'node:test';
import { RpmHeader } from '../../../src/packages/rpm/header.ts';
import { coded } from '../../support/expect.ts';

const DAMAGED = coded('ERR_PACKAGE_DATABASE', 'an rpm header is damaged: ');

type Given = readonly [tag: number, type: number, count: number, data: Buffer];

function blob(entries: readonly Given[]): Buffer {
  const index: Buffer[] = [];
  const at = { offset: 0 };
  for (const [tag, type, count, data] of entries) {
    const entry = Buffer.alloc(16);
    entry.writeInt32BE(tag, 0);
    entry.writeUInt32BE(type, 4);
    entry.writeInt32BE(at.offset, 8);
    entry.writeUInt32BE(count, 12);
    index.push(entry);
    at.offset += data.length;
  }
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(entries.length, 0);
  prefix.writeUInt32BE(at.offset, 4);
  return Buffer.concat([prefix, ...index, ...entries.map(([, , , data]) => data)]);
}

const STRINGS: Given = [1117, 8, 3, Buffer.from('a\0bc\0\0')];
const NAME: Given = [1000, 6, 1, Buffer.from('bash\0')];

test('strings and numbers of every width are read', () => {
  const header = new RpmHeader(
    blob([
      NAME,
      STRINGS,
      [1006, 4, 1, Buffer.from('ffffffff', 'hex')],
      [5009, 5, 1, Buffer.from('0000000100000000', 'hex')],
      [1030, 3, 2, Buffer.from('81a4ffff', 'hex')],
      [1029, 1, 2, Buffer.from('00ff', 'hex')],
    ]),
  );
  assert.equal(header.string(1000), 'bash');
  assert.deepEqual(header.strings(1117), ['a', 'bc', '']);
  assert.equal(header.number(1006), 0xffffffff);
  assert.equal(header.number(5009), 2 ** 32);
  assert.deepEqual(header.numbers(1030), [0x81a4, 0xffff]);
  assert.deepEqual(header.numbers(1029), [0, 255]);
});

test('a tag that is absent has no values', () => {
  const header = new RpmHeader(blob([NAME]));
  assert.equal(header.string(1), undefined);
  assert.deepEqual(header.strings(1), []);
  assert.equal(header.number(1), undefined);
  assert.deepEqual(header.numbers(1), []);
});

test('a header whose length does not fit is refused', () => {
  const good = blob([NAME, STRINGS]);
  for (const bad of [Buffer.alloc(0), good.subarray(0, 7), good.subarray(0, -1), Buffer.concat([good, NUL])])
    assert.throws(() => new RpmHeader(bad), DAMAGED);
  const many = Buffer.alloc(8);
  many.writeUInt32BE(65_536, 0);
  assert.throws(() => new RpmHeader(many), DAMAGED);
});

const NUL = Buffer.alloc(1);

test('values outside the data are refused when they are read', () => {
  const faults: readonly Given[] = [
    [1000, 6, 1, Buffer.from('no end')],
    [1000, 8, 2, Buffer.from('one\0')],
    [1000, 4, 2, Buffer.alloc(4)],
    [1000, 8, 2 ** 20 + 1, Buffer.alloc(2 ** 20 + 1)],
    [1000, 7, 1, Buffer.alloc(4)],
  ];
  for (const fault of faults) {
    const header = new RpmHeader(blob([fault]));
    assert.throws(() => header.strings(1000), DAMAGED);
    assert.throws(() => header.numbers(1000), DAMAGED);
  }
  const before = blob([NAME]);
  before.writeInt32BE(-1, 16);
  assert.throws(() => new RpmHeader(before).strings(1000), DAMAGED);
  const beforeNumber = blob([[1006, 4, 1, Buffer.alloc(4)]]);
  beforeNumber.writeInt32BE(-4, 16);
  assert.throws(() => new RpmHeader(beforeNumber).numbers(1006), DAMAGED);
});
