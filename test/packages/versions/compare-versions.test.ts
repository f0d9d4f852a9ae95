import assert from 'node:assert/strict';
import test from 'node:test';
import { PACKAGE_FORMATS, type PackageFormat } from '../../../src/packages/package.ts';
import { compareVersions } from '../../../src/packages/versions/compare-versions.ts';
import { must } from '../../e2e/support/run.ts';
import { Random } from '../../gvariant/random.ts';
import { unlessInstalled } from '../../support/programs.ts';

/** Oldest first. */
const ORDERED: Readonly<Record<PackageFormat, readonly (readonly string[])[]>> = {
  rpm: [
    ['1.0~rc1', '1.0~rc1^git1', '1.0', '1.0^', '1.0^git1', '1.0.1', '1.1', '1.10', '2', '1:0.1'],
    ['1.0-1', '1.0-2', '1.0-10'],
    ['1a', '1b', '1.1'],
    ['1.0', '1.0-1'],
  ],
  dpkg: [
    ['1.0~~', '1.0~~a', '1.0~', '1.0', '1.0-1', '1.0-1+b1', '1.0-1.1', '1.0a', '1.0+b1', '1.1', '1:0'],
    ['2.36-9', '2.36-9+deb12u1', '2.36-9+deb12u10'],
    ['9', '10'],
  ],
  pacman: [
    ['1.0a', '1.0b', '1.0beta', '1.0p', '1.0pre', '1.0rc', '1.0', '1.0.a', '1.0.1', '1.1', '1:0.1'],
    ['1.0-1', '1.0-2', '1.0-10'],
  ],
  apk: [
    [
      '1.0_alpha',
      '1.0_alpha2',
      '1.0_beta',
      '1.0_pre1',
      '1.0_rc1',
      '1.0',
      '1.0_p1',
      '1.0.1',
      '1.1',
      '1.10',
      '2',
    ],
    ['1.0-r0', '1.0-r1', '1.0-r10'],
    ['1.01', '1.1', '1.1a', '1.1b'],
    ['1.2_git20200101', '1.2_git20210101', '1.2_hg1', '1.2_p1'],
  ],
  opkg: [['1.0~a', '1.0', '1.0-r0', '1.0-r1']],
};

for (const format of PACKAGE_FORMATS) {
  test(`versions of ${format} have its order`, () => {
    for (const versions of ORDERED[format]) {
      for (const [index, a] of versions.entries()) {
        for (const [other, b] of versions.entries())
          assert.equal(Math.sign(compareVersions(format, a, b)), Math.sign(index - other), `${a} and ${b}`);
      }
    }
  });
}

test('pacman ignores a release that only one version has', () => {
  assert.equal(compareVersions('pacman', '1.0', '1.0-1'), 0);
});

test('leading zeros and numerals of any length', () => {
  for (const format of ['rpm', 'dpkg', 'pacman', 'opkg'] as const) {
    assert.equal(compareVersions(format, '1.001', '1.1'), 0, format);
    assert.equal(
      Math.sign(compareVersions(format, `1.${'9'.repeat(40)}`, `1.1${'0'.repeat(40)}`)),
      -1,
      format,
    );
  }
});

const SEED = Number(process.env.TREEPORT_TEST_SEED ?? 20_261_128);

function pairs(count: number, pieces: readonly string[]): readonly (readonly [string, string])[] {
  const random = new Random(SEED);
  const version = () => {
    const length = 1 + random.below(6);
    return `1${Array.from({ length }, () => random.pick(pieces)).join('')}`;
  };
  return Array.from({ length: count }, () => {
    const a = version();
    // Often nearly the same, because differences near the end are the interesting ones.
    return [a, random.below(2) === 0 ? a.slice(0, -1) + random.pick(pieces) : version()] as const;
  });
}

function check(
  format: PackageFormat,
  given: readonly (readonly [string, string])[],
  orders: readonly string[],
) {
  assert.equal(orders.length, given.length);
  for (const [index, [a, b]] of given.entries())
    assert.equal(Math.sign(compareVersions(format, a, b)), Number(orders[index]), `${a} and ${b}`);
}

test('random versions compare as in dpkg', { skip: unlessInstalled('dpkg') }, async () => {
  const given = pairs(400, ['0', '1', '10', '9', '.', '~', '+', 'a', 'b', '-1', '-a', '~rc']);
  const script = `while read -r a b; do
    if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" eq "$b"; then echo 0; else echo 1; fi
  done`;
  const input = given.map((pair) => `${pair.join(' ')}\n`).join('');
  check('dpkg', given, (await must(['sh', '-c', script], { input })).trim().split('\n'));
});

test('random versions compare as in rpm', { skip: unlessInstalled('rpm') }, async () => {
  const given = pairs(2000, ['0', '1', '10', '9', '.', '~', '^', '_', 'a', 'b', 'A', '01']);
  const calls = given.map(([a, b]) => `print(rpm.vercmp("${a}", "${b}")) print(" ")`).join(' ');
  check('rpm', given, (await must(['rpm', '--eval', `%{lua: ${calls}}`])).trim().split(/\s+/));
});

test('random versions compare as in pacman', { skip: unlessInstalled('vercmp') }, async () => {
  const given = pairs(400, ['0', '1', '10', '9', '.', '..', '_', 'a', 'b', 'rc', '-1', '-2', '01']);
  const script = 'while read -r a b; do vercmp "$a" "$b"; done';
  const input = given.map((pair) => `${pair.join(' ')}\n`).join('');
  check('pacman', given, (await must(['sh', '-c', script], { input })).trim().split('\n'));
});
