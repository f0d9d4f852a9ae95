import assert from 'node:assert/strict';
import test from 'node:test';
import { diffPackages, newEntries } from '../../src/packages/diff-packages.ts';
import type { Package } from '../../src/packages/package.ts';

function rpm(name: string, version: string, architecture = 'x86_64'): Package {
  const [id, key] = [`${name}-${version}.${architecture}`, `${name}.${architecture}`];
  return { id, key, name, version, architecture, source: name, size: 1, built: 1, changes: [] };
}

function summary(before: readonly Package[], after: readonly Package[]): readonly string[] {
  return diffPackages('rpm', before, after).map((change) => {
    const [from, to] = ['from' in change ? change.from.id : '', 'to' in change ? change.to.id : ''];
    return [change.kind, from, to].filter((part) => part !== '').join(' ');
  });
}

test('packages are added, removed, upgraded, downgraded or the same', () => {
  const before = [rpm('same', '1-1'), rpm('up', '1-9'), rpm('down', '2-1'), rpm('gone', '1-1')];
  const after = [rpm('same', '1-1'), rpm('up', '1-10'), rpm('down', '2~rc1-1'), rpm('fresh', '1-1')];
  assert.deepEqual(summary(before, after), [
    'downgraded down-2-1.x86_64 down-2~rc1-1.x86_64',
    'added fresh-1-1.x86_64',
    'removed gone-1-1.x86_64',
    'upgraded up-1-9.x86_64 up-1-10.x86_64',
  ]);
});

test('architectures are packages of their own', () => {
  assert.deepEqual(
    summary(
      [rpm('glibc', '1-1'), rpm('glibc', '1-1', 'i686')],
      [rpm('glibc', '2-1'), rpm('glibc', '1-1', 'i686')],
    ),
    ['upgraded glibc-1-1.x86_64 glibc-2-1.x86_64'],
  );
});

test('of several kernels, equal versions stay and the others are paired from the oldest up', () => {
  const kernels = (...versions: readonly string[]) => versions.map((version) => rpm('kernel', version));
  assert.deepEqual(summary(kernels('6.2-1', '6.1-1'), kernels('6.3-1', '6.2-1')), [
    'upgraded kernel-6.1-1.x86_64 kernel-6.3-1.x86_64',
  ]);
  assert.deepEqual(summary(kernels('6.1-1'), kernels('6.3-1', '6.2-1')), [
    'upgraded kernel-6.1-1.x86_64 kernel-6.2-1.x86_64',
    'added kernel-6.3-1.x86_64',
  ]);
});

test('a version that is equal by the rules is an upgrade all the same', () => {
  assert.deepEqual(summary([rpm('a', '1.01-1')], [rpm('a', '1.1-1')]), [
    'upgraded a-1.01-1.x86_64 a-1.1-1.x86_64',
  ]);
});

test('new entries are those that the former changelog lacks', () => {
  const entry = (time: number, text = 'x') => ({ time, author: 'a', version: undefined, text });
  assert.deepEqual(newEntries([entry(2), entry(1)], [entry(3), entry(2, 'y'), entry(2), entry(1)]), [
    entry(3),
    entry(2, 'y'),
  ]);
});
