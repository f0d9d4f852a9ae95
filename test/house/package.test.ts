import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import test from 'node:test';
import { VERSION } from '../../src/base/version.ts';
import { manifest, projectFiles, projectText } from '../support/project.ts';

const LOCKS = [
  'package-lock.json',
  'assembly/package-lock.json',
  'test/node26/package-lock.json',
  'test/kubernetes/package-lock.json',
  'test/old-nodes/package-lock.json',
  'test/s3rver/package-lock.json',
  'tools/package-lock.json',
];

type Lock = {
  readonly packages: Readonly<Record<string, Locked>>;
};
type Locked = { readonly resolved?: string; readonly integrity?: string; readonly link?: boolean };

const WORKSPACES = projectFiles('packages/*/package.json').map(dirname);

for (const path of LOCKS) {
  test(`${path} names no registry and pins every package by its hash`, () => {
    const { packages }: Lock = JSON.parse(projectText(path));
    const installed = Object.entries(packages).filter(
      ([folder, { link }]) => folder !== '' && !WORKSPACES.includes(folder) && link !== true,
    );
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

test('the Containerfile names the version in its labels', () => {
  const named = [...projectText('Containerfile').matchAll(/^ARG VERSION=(.*)$/gm)].map(([, value]) => value);
  assert.deepEqual(named, [VERSION, VERSION]);
});

for (const folder of ['.', ...WORKSPACES]) {
  test(`${folder}: dependencies are pinned exactly`, () => {
    const { dependencies, optionalDependencies, devDependencies } = manifest(folder);
    const versions = Object.values({ ...dependencies, ...optionalDependencies, ...devDependencies });
    assert.deepEqual(
      versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version)),
      [],
    );
  });
}

test('the pinned Node needs no other one', () => {
  const least = Number(/^const LEAST_NODE = (\d+);$/m.exec(projectText('src/cli.ts'))?.[1]);
  const versions = Object.values(manifest('packages/node').optionalDependencies);
  const pinned = versions.map((version) => Number(version.split('.')[0]));
  assert.ok(pinned.length > 0 && pinned.every((major) => major >= least));
});

test('the runtimes are optional, of this version, and put no program on the path of a project', () => {
  const runtimes = WORKSPACES.map(manifest).filter(({ name }) => name.startsWith('treeport-runtime-'));
  assert.deepEqual(
    Object.fromEntries(runtimes.map(({ name }) => [name, VERSION])),
    manifest().optionalDependencies,
  );
  for (const { version, bin, name } of runtimes) assert.deepEqual([version, bin], [VERSION, undefined], name);
});
