import assert from 'node:assert/strict';
import test from 'node:test';
import { changeRates } from '../../src/packages/change-rate.ts';
import type { Package } from '../../src/packages/package.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;
/** Times that many days before NOW. */
const ago = (...days: readonly number[]) => days.map((day) => NOW - day * DAY);

function one(name: string, given: Partial<Package> = {}): Package {
  const fixed = { name, version: '1-1', architecture: 'amd64', size: 1, built: undefined, changes: [] };
  return { id: name, key: name, source: name, ...fixed, ...given };
}

/** The names from often to seldom changed. */
function order(packages: readonly Package[]): readonly string[] {
  const { of } = changeRates(packages);
  return packages.toSorted((a, b) => of(b) - of(a)).map(({ name }) => name);
}

test('what changed often last year comes first', () => {
  const often = one('often', { changes: ago(0, 30, 60, 90, 120, 150) });
  const once = one('once', { changes: ago(10, 800) });
  const never = one('never', { changes: ago(900) });
  assert.deepEqual(order([never, once, often]), ['often', 'once', 'never']);
});

/** Sources that were last changed before a freeze 1000 days ago, every `every` days until then. */
const frozen = (name: string, every: number, count: number) =>
  one(name, { changes: ago(...Array.from({ length: count }, (_, index) => 1000 + index * every)) });

test('a stable release is measured from its freeze on, and what was not updated by its past', () => {
  const updated = (name: string, count: number) => {
    const updates = ago(...Array.from({ length: count }, (_, index) => 400 + index));
    return one(name, { version: `1-1+deb12u${count}`, changes: [...updates, ...frozen('', 200, 5).changes] });
  };
  const busy = frozen('busy', 150, 20);
  const calm = frozen('calm', 400, 4);
  const others = Array.from({ length: 20 }, (_, index) => frozen(`other${index}`, 200, 5));
  const newest = one('newest', { version: '1+deb12u1', changes: ago(0) });
  const system = [calm, busy, updated('once', 1), updated('thrice', 3), newest, ...others];
  const names = order(system).filter((name) => !name.startsWith('other') && name !== 'newest');
  assert.deepEqual(names, ['thrice', 'once', 'busy', 'calm']);
  const { window, of } = changeRates(system);
  assert.equal(window, 1000);
  // A single update in 1000 days is about one in 1000 days, not many a year.
  assert.ok(of(updated('once', 1)) * 365 < 1.2);
});

test('without changelogs, versions tell about updates of a stable release', () => {
  const [many, few, none] = ['+deb12u9', '+deb12u1', ''].map((mark, index) =>
    one(`p${index}`, { version: `1-1${mark}` }),
  );
  assert.ok(many && few && none);
  const dated = Array.from({ length: 10 }, (_, index) => frozen(`other${index}`, 200, 5));
  const newest = one('newest', { version: '1+deb12u1', changes: ago(0) });
  const names = order([none, few, many, newest, ...dated]).filter((name) => /^p\d/.test(name));
  assert.deepEqual(names, ['p0', 'p1', 'p2']);
});

test('if only builds are known, recent ones come first, and usual rates tell the rest', () => {
  const built = (name: string, days: number) => one(name, { built: NOW - days * DAY });
  assert.deepEqual(order([built('old', 700), built('fresh', 3), built('mid', 90)]), ['fresh', 'mid', 'old']);
  assert.deepEqual(order([one('fonts-dejavu'), one('bash'), one('linux')]), [
    'linux',
    'bash',
    'fonts-dejavu',
  ]);
});

test('packages of one source have one rate', () => {
  const library = one('lib', { source: 'src', changes: ago(0, 10, 20) });
  const tool = one('tool', { source: 'src' });
  const { of } = changeRates([library, tool, frozen('x', 1, 2)]);
  assert.equal(of(tool), of(library));
});

test('observed builds count', () => {
  const packages = [
    one('seen', { changes: ago(100, 500) }),
    one('same', { changes: ago(100, 500) }),
    one('x', { changes: ago(0) }),
  ];
  const observed = new Map([
    ['seen', { changes: 12, days: 90 }],
    ['same', { changes: 0, days: 90 }],
  ]);
  const [plain, better] = [changeRates(packages), changeRates(packages, { observed })];
  const [seen, same] = packages as [Package, Package];
  assert.ok(better.of(seen) > plain.of(seen));
  assert.ok(better.of(same) < plain.of(same));
});

test('rates are positive and finite, whatever the times are, and do not depend on the order', () => {
  const odd = [
    one('none'),
    one('zero', { changes: [0, 0] }),
    one('future', { changes: [2 ** 32] }),
    one('negative', { changes: [-(10 ** 12)] }),
    one('built', { built: 2 ** 40 }),
    one('version', { version: `1+deb12u${'9'.repeat(400)}` }),
    frozen('x', 1, 9),
  ];
  for (const packages of [[], ...odd.map((alone) => [alone]), odd]) {
    const { of } = changeRates(packages);
    for (const each of packages) assert.ok(of(each) > 0 && Number.isFinite(of(each)), each.name);
    const reverse = changeRates(packages.toReversed());
    for (const each of packages) assert.equal(reverse.of(each), of(each));
  }
});

test('one wrong date in the future does not count in a large system', () => {
  const packages = Array.from({ length: 120 }, (_, index) =>
    one(`p${index}`, { changes: ago(index, 400 + index) }),
  );
  const wrong = [...packages.slice(1), one('p0', { changes: [NOW + 20_000 * DAY] })];
  const [good, bad] = [changeRates(packages), changeRates(wrong)];
  const of = (rates: typeof good) => packages.slice(5).map((each) => rates.of(each));
  const ratio = of(good).map((rate, index) => rate / (of(bad)[index] ?? 0));
  assert.ok(
    ratio.every((each) => each > 0.8 && each < 1.25),
    `${Math.max(...ratio)}`,
  );
});
