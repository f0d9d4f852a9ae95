import assert from 'node:assert/strict';
import test from 'node:test';
import {
  appstreamSubset,
  architectureOf,
  isFlatpakRef,
  parseFlatpakRef,
} from '../../../src/ostree/flatpak/ref-parts.ts';

test('the parts of apps and runtimes', () => {
  assert.deepEqual(parseFlatpakRef('app/org.example.App/x86_64/stable'), {
    kind: 'app',
    id: 'org.example.App',
    architecture: 'x86_64',
    branch: 'stable',
  });
  for (const name of ['app/org.example.App/x86_64', 'appstream/x86_64', 'exampleos/x86_64/a/b'])
    assert.equal(parseFlatpakRef(name), undefined);
});

test('the architecture and the subset of appstream refs', () => {
  const refs = ['appstream/x86_64', 'appstream2/aarch64', 'appstream2/free-x86_64', 'appstream2/a-b-x86_64'];
  assert.deepEqual(refs.map(architectureOf), ['x86_64', 'aarch64', 'x86_64', 'x86_64']);
  assert.deepEqual(refs.map(appstreamSubset), [undefined, undefined, 'free', 'a-b']);
  assert.equal(architectureOf('runtime/org.example.Platform/i386/1'), 'i386');
  assert.equal(architectureOf('ostree-metadata'), undefined);
  assert.deepEqual(['appstream2/x86_64', 'ostree-metadata', 'runtime/a'].map(isFlatpakRef), [
    true,
    false,
    true,
  ]);
});
