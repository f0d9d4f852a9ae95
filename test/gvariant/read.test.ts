import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import { print, read, write } from '../../src/gvariant/index.ts';
import { mutate, Random, randomType, randomValue } from './random.ts';
import { rejected, vectors } from './vectors.ts';

function brief(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}… (${text.length})` : text;
}

test('what GLib serialized is read, and written back to the same bytes', () => {
  for (const { type, text, bytes } of vectors) {
    const what = `${type} ${brief(text)} of ${bytes.length} bytes`;
    const value = read(type, bytes);
    assert.ok(write(type, value).equals(bytes), what);
    assert.deepEqual(read(type, write(type, value)), value, what);
  }
});

test('values look as value.ts says', () => {
  const cases: readonly (readonly [string, string, unknown])[] = [
    ['n', '0080', -32768],
    ['q', 'ffff', 65535],
    ['i', 'ffffffff', -1],
    ['u', 'ffffffff', 4294967295],
    ['x', 'ffffffffffffffff', -1n],
    ['t', 'ffffffffffffffff', 18446744073709551615n],
    ['d', '000000000000f83f', 1.5],
    ['b', '01', true],
    ['s', 'c3a400', 'ä'],
    ['ay', '0102', Buffer.from([1, 2])],
    ['au', '0100000002000000', [1, 2]],
    ['(yt)', '01000000000000000200000000000000', [1, 2n]],

    [
      'a{yy}',
      '01020304',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['ms', '', []],
    ['ms', '6100' + '00', ['a']],
    ['v', '010000000069', { type: 'i', value: 1 }],
  ];
  for (const [type, hex, expected] of cases) {
    assert.deepEqual(read(type, Buffer.from(hex, 'hex')), expected, type);
  }
});

test('bytes at any position of their memory are read', () => {
  const shifted = Buffer.concat([Buffer.from('xyz'), Buffer.from('01000000000000000200000000000000', 'hex')]);
  assert.deepEqual(read('(yt)', new Uint8Array(shifted.buffer, shifted.byteOffset + 3, 16)), [1, 2n]);
});

test('what GLib does not call normal form is ERR_VARIANT with type and offset', () => {
  for (const { type, hex } of rejected) assertMalformed(type, Buffer.from(hex, 'hex'));
});

function assertMalformed(type: string, bytes: Buffer): void {
  assert.throws(
    () => read(type, bytes),
    (error) => {
      assert.ok(isTreeportError(error, 'ERR_VARIANT'), `${type} ${bytes.toString('hex')}: ${error}`);
      assert.ok(error.message.startsWith(`variant of type "${type}" is malformed at byte `), error.message);
      const at = Number(/at byte (\d+)/.exec(error.message)?.[1]);
      assert.ok(at <= bytes.length, error.message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );
}

test('the fault is named with the byte it lies at', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['b', '02', /at byte 0: a boolean must be 0 or 1/],
    ['(yt)', '01000001000000000200000000000000', /at byte 3: padding is not zero/],
    ['s', '61620063', /at byte 0: a string must end with NUL/],
    ['s', '61006200', /at byte 0: a string contains a NUL before its end/],
    ['(us)', '01000000ff00', /at byte 4: a string is not UTF-8/],
    ['as', '610062000206', /at byte 5: an array offset is out of range/],
    ['as', '610062000304', /at byte 0: a string must end with NUL/],
    ['(sss)', '6100620063000602', /at byte 2/],
    ['au', '010203', /at byte 0: an array of 4-byte elements has 3 bytes/],
    ['v', '01000000007a', /at byte 5: variant type "z" at character 0: unknown type/],
    ['v', '000a', /at byte 1: variant type "\\n" at character 0: unknown type/],
    ['(ss)', '6100620005', /at byte 0: member 0 is out of range/],
    ['d', '010000000000f07f', /at byte 0: a NaN carries a payload/],
  ];
  for (const [type, hex, message] of cases) {
    assert.throws(() => read(type, Buffer.from(hex, 'hex')), message, `${type} ${hex}`);
  }
});

test('offsets wider than needed are refused', () => {
  // 256 bytes is a size no writer makes: 254 bytes and one offset take 255 with the narrow offset.
  const wide = Buffer.concat([Buffer.alloc(252, 0x61), Buffer.from('0000fd00', 'hex')]);
  assert.throws(() => read('(ss)', wide), /offsets are wider than needed/);
  const wideArray = Buffer.concat([Buffer.alloc(253, 0x61), Buffer.from('00fe00', 'hex')]);
  assert.throws(() => read('as', wideArray), /offsets are wider than needed/);
});

test('nesting is bounded in types and in values', () => {
  const deepType = `${'a'.repeat(200)}y`;
  assert.throws(() => read(deepType, Buffer.alloc(0)), /nested too deeply/);
  const nested = (levels: number) => {
    let bytes = Buffer.from('01', 'hex');
    for (let level = 0, type = 'y'; level < levels; level++, type = 'v') {
      bytes = Buffer.concat([bytes, Buffer.from(`\0${type}`)]);
    }
    return bytes;
  };
  assert.ok(write('v', read('v', nested(100))).equals(nested(100)));
  assert.throws(() => read('v', nested(100_000)), /nested too deeply/);
});

test('an endless type string makes a short message', () => {
  const bytes = Buffer.concat([Buffer.from([0]), Buffer.alloc(1_000_000, 'z')]);
  assert.throws(
    () => read('v', bytes),
    (error) => isTreeportError(error, 'ERR_VARIANT') && error.message.length < 400,
  );
});

/** True if the bytes read, and then write back; false if they are ERR_VARIANT. */
function survives(type: string, bytes: Buffer): boolean {
  try {
    const value = read(type, bytes);
    assert.equal(write(type, value).toString('hex'), bytes.toString('hex'), `${type} does not write back`);
    print(type, value);
    return true;
  } catch (error) {
    if (isTreeportError(error, 'ERR_VARIANT')) return false;
    throw error;
  }
}

test('random values read back as they were written', () => {
  const random = new Random(20261120);
  for (let round = 0; round < 3000; round++) {
    const type = randomType(random, 4);
    const value = randomValue(random, type, 4);
    const bytes = write(type, value);
    assert.deepEqual(read(type, bytes), value, `round ${round}, type ${type}`);
    assert.ok(survives(type, bytes));
  }
});

test('mutated bytes give a value that writes back, or ERR_VARIANT', () => {
  const random = new Random(4711);
  const short = vectors.filter(({ bytes }) => bytes.length < 300);
  let accepted = 0;
  for (let round = 0; round < 5000; round++) {
    const { type, bytes } = random.pick(short);
    if (survives(type, mutate(random, bytes))) accepted += 1;
  }
  // Both outcomes must occur, or the test would prove nothing.
  assert.ok(accepted > 500 && accepted < 4500, `${accepted} accepted`);
});

test('arbitrary bytes are read as any type without another error', () => {
  const random = new Random(99);
  for (let round = 0; round < 3000; round++) {
    const type = randomType(random, 4);
    survives(type, random.bytes(random.below(40)));
  }
});
