import assert from 'node:assert/strict';
import test from 'node:test';
import { VERSION } from '../../src/base/version.ts';
import { manifest, projectText } from '../support/project.ts';

const LOCKS = [
  'package-lock.json',
  'test/node26/package-lock.json',
  'test/s3rver/package-lock.json',
  'tools/package-lock.json',
];

type Lock = {
  readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly integrity?: string }>>;
};

for (const path of LOCKS) {
  test(`${path} names no registry and pins every package by its hash`, () => {
    const { packages }: Lock = JSON.parse(projectText(path));
    const installed = Object.entries(packages).filter(([folder]) => folder !== '');
    assert.ok(installed.length > 0);
    assert.deepEqual(
      installed.filter(([, { resolved }]) => resolved !== undefined),
      [],
    );
    assert.deepEqual(
      installed.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')),
      [],
    );
  });
}

test('the version in the code is that of package.json', () => {
  assert.equal(VERSION, manifest().version);
});

test('dependencies are pinned exactly', () => {
  const { dependencies, optionalDependencies, devDependencies } = manifest();
  const versions = Object.values({ ...dependencies, ...optionalDependencies, ...devDependencies });
  assert.deepEqual(
    versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  );
});

test('the pinned Node is one that package.json accepts', () => {
  const { engines, optionalDependencies } = manifest();
  const least = Number(/^>=(\d+)$/.exec(engines.node)?.[1]);
  const pinned = Object.values(optionalDependencies).map((version) => Number(version.split('.')[0]));
  assert.ok(pinned.length > 0 && pinned.every((major) => major >= least));
});
