import assert from 'node:assert/strict';
import test from 'node:test';
import type { Component } from '../../../src/container/packing/component.ts';
import { commitComponents } from '../../../src/container/packing/components.ts';
import { commitPaths, debianTree, type Tree } from '../../support/package-trees.ts';

/** Paths by identifier of the component. */
async function placesOf(t: Parameters<typeof commitPaths>[0], tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const { components } = await commitComponents(source, commit, { packing: 'compatible' });
  return {
    components,
    places: Object.fromEntries(components.map((each) => [each.identifier, pathsOf(each)])),
  };
}

function pathsOf({ objects }: Component): string {
  return [...objects.values()].flat().toSorted().join(' ');
}

const DATABASE = '/usr/lib/sysimage/dpkg/info/a.list /usr/lib/sysimage/dpkg/status';
const attribute = (name: string, value: string) => ({ name: Buffer.from(name), value: Buffer.from(value) });

test('compatible: packages, the initramfs, and the rest, to which /etc belongs', async (t) => {
  const { components, places } = await placesOf(
    t,
    debianTree(
      { a: ['/usr/bin/a', '/etc/a', '/usr/lib/modules/6.1/initramfs.img', '/usr/lib/modules/6.1/vmlinuz'] },
      {
        'usr/bin/a': 'a',
        'usr/etc/a': 'conf',
        'usr/lib/modules/6.1/initramfs.img': 'initramfs',
        'usr/lib/modules/6.1/vmlinuz': 'linux',
        'usr/lib/modules/5/initramfs.img': 'without a kernel',
      },
    ),
  );
  assert.deepEqual(places, {
    'a:amd64=1': '/usr/bin/a /usr/lib/modules/6.1/vmlinuz',
    'initramfs (kernel 6.1)': '/usr/lib/modules/6.1/initramfs.img',
    'rpmostree-unpackaged-content': `/usr/etc/a ${DATABASE} /usr/lib/modules/5/initramfs.img`
      .split(' ')
      .toSorted()
      .join(' '),
  });
  assert.deepEqual(
    components.find(({ kind }) => kind === 'initramfs'),
    {
      identifier: 'initramfs (kernel 6.1)',
      name: 'initramfs',
      key: 'initramfs (kernel 6.1)',
      kind: 'initramfs',
      group: 'initramfs (kernel 6.1)',
      sourceId: 'initramfs (kernel 6.1)',
      changeRate: 26,
      changeFrequency: 4_294_967_295,
      changeTimeOffset: 4_294_967_295,
      size: 9,
      objects: components.find(({ kind }) => kind === 'initramfs')?.objects,
    },
  );
});

test('compatible: the last path decides, in the order of path components', async (t) => {
  const { places } = await placesOf(
    t,
    debianTree(
      { a: ['/usr/a-b', '/usr/z'], b: ['/usr/a/b', '/usr/y'] },
      { 'usr/a-b': 'same', 'usr/a/b': 'same', 'usr/y': 'other', 'usr/z': 'other', 'usr/zz': 'third' },
    ),
  );
  assert.equal(places['a:amd64=1'], '/usr/a-b /usr/a/b /usr/y /usr/z');
  assert.equal(places['b:amd64=1'], undefined);
});

test('paths of user components are carved out of shared objects', async (t) => {
  const { places, components } = await placesOf(
    t,
    debianTree(
      { a: ['/usr/a/x', '/usr/app/x'] },
      {
        'usr/a/x': 'same',
        'usr/app/': { xattrs: [attribute('user.component', 'app'), attribute('user.update-interval', '5')] },
        'usr/app/x': 'same',
      },
    ),
  );
  assert.equal(places.app, '/usr/app/x');
  assert.equal(places['a:amd64=1'], '/usr/a/x');
  assert.equal(components.find(({ kind }) => kind === 'user')?.changeRate, 73);
});

test('without packages there is one component', async (t) => {
  const { components } = await placesOf(t, { 'usr/a': 'a', 'usr/b': 'b' });
  assert.deepEqual(
    components.map(({ identifier, kind, size }) => [identifier, kind, size]),
    [['rpmostree-unpackaged-content', 'unpackaged', 2]],
  );
});
