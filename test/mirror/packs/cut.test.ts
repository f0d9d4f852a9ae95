import assert from 'node:assert/strict';
import test from 'node:test';
import { endsPack, packTarget } from '../../../src/mirror/packs/cut.ts';
import { assumeChecksum, type Checksum, checksumOf } from '../../../src/ostree/checksum.ts';

const MIB = 1024 * 1024;

function idOf(text: string): Checksum {
  return checksumOf(Buffer.from(text));
}

function objects(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    checksum: idOf(`${i}`),
    length: 500 + (i % 7000),
  }));
}

function cut(
  all: readonly { readonly checksum: Checksum; readonly length: number }[],
  target: number,
): string[] {
  const packs: string[] = [];
  let [filled, names] = [0, ''];
  for (const object of all) {
    filled += object.length;
    names += object.checksum.slice(0, 8);
    if (!endsPack(object, filled, target)) continue;
    packs.push(names);
    [filled, names] = [0, ''];
  }
  return [...packs, names];
}

test('packs have the target size on average, however large their objects are', () => {
  for (const factor of [1, 40]) {
    const all = objects(20_000).map((object) => ({ ...object, length: object.length * factor }));
    const bytes = all.reduce((sum, { length }) => sum + length, 0);
    const packs = cut(all, 4 * MIB).length;
    assert.ok(packs > bytes / (8 * MIB) && packs < bytes / (3 * MIB), `${packs} packs of ${bytes} bytes`);
  }
});

test('an object more or less changes one pack or two, the others keep their bytes', () => {
  const all = objects(40_000);
  const before = cut(all, 4 * MIB);
  for (const at of [0, 12_345, 39_999]) {
    const after = cut(all.toSpliced(at, 1, { checksum: idOf('new'), length: 3000 }), 4 * MIB);
    const changed = after.filter((pack) => !before.includes(pack));
    assert.ok(changed.length >= 1 && changed.length <= 3, `${changed.length} of ${after.length} packs`);
  }
});

test('a pack ends at four times the target at the latest', () => {
  const never = { checksum: assumeChecksum('f'.repeat(64)), length: 1 };
  assert.equal(endsPack(never, 16 * MIB - 1, 4 * MIB), false);
  assert.equal(endsPack(never, 16 * MIB, 4 * MIB), true);
  const always = { checksum: assumeChecksum('0'.repeat(64)), length: 1 };
  assert.equal(endsPack(always, MIB - 1, 4 * MIB), false);
  assert.equal(endsPack(always, MIB, 4 * MIB), true);
});

test('the target grows by doubling, so that the packs stay few', () => {
  assert.equal(packTarget(0), 4 * MIB);
  assert.equal(packTarget(48 * MIB), 4 * MIB);
  assert.equal(packTarget(48 * MIB + 1), 8 * MIB);
  assert.equal(packTarget(300e6), 32 * MIB);
});
