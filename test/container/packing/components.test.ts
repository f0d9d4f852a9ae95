import assert from 'node:assert/strict';
import test from 'node:test';
import { checkPlan } from '../../../src/container/encapsulate/layer-plan.ts';
import type { Component } from '../../../src/container/packing/component.ts';
import { commitComponents } from '../../../src/container/packing/components.ts';
import { planComponents } from '../../../src/container/packing/plan-components.ts';
import { commitObjects } from '../../../src/tar/chunk.ts';
import { Random } from '../../gvariant/random.ts';
import { coded } from '../../support/expect.ts';
import {
  commitPaths,
  debianTree,
  rpmdbFixture,
  type Tree,
  type TreeEntry,
} from '../../support/package-trees.ts';

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

test('a user component with a comma is refused, with the path', async (t) => {
  const { source, commit } = await commitPaths(t, {
    'usr/app/': { xattrs: [attribute('user.component', 'a,b')] },
    'usr/app/file': 'x',
  });
  for (const packing of ['compatible', 'stable'] as const)
    await assert.rejects(
      commitComponents(source, commit, { packing }),
      coded('ERR_LAYER_PLAN', '/usr/app/file in the commit has the user.component "a,b"', 'without one'),
    );
});

test('without packages there is one component', async (t) => {
  const { components } = await placesOf(t, { 'usr/a': 'a', 'usr/b': 'b' });
  assert.deepEqual(
    components.map(({ identifier, kind, size }) => [identifier, kind, size]),
    [['rpmostree-unpackaged-content', 'unpackaged', 2]],
  );
});

test('compatible: the records of rpm packages are those of rpm-ostree', async (t) => {
  const { components, places } = await placesOf(t, {
    'usr/share/rpm/rpmdb.sqlite': rpmdbFixture('two-pkgs'),
    'usr/lib64/libhello.so.1': 'library',
    'usr/bin/hello': 'hello',
    'usr/bin/hi': { to: 'hello' },
    'usr/lib/modules/9.9/initramfs.img': 'ghost',
    'usr/lib/modules/9.9/vmlinuz': 'linux',
  });
  const records = components
    .filter(({ kind }) => kind === 'package')
    .map(({ identifier, name, sourceId, changeTimeOffset, changeFrequency, size }) => [
      [identifier, name, sourceId].join(' '),
      [changeTimeOffset, changeFrequency, size],
    ]);
  const source = 'hello-demo-1.2.3-4.fc99.src.rpm';
  assert.deepEqual(records, [
    [`hello-demo-libs-2:1.2.3-4.fc99.x86_64 hello-demo-libs ${source}`, [0, 0, 7]],
    [`hello-demo-2:1.2.3-4.fc99.x86_64 hello-demo ${source}`, [0, 0, 5]],
  ]);
  assert.equal(places['hello-demo-2:1.2.3-4.fc99.x86_64'], '/usr/bin/hello /usr/bin/hi');
  assert.equal(places['initramfs (kernel 9.9)'], '/usr/lib/modules/9.9/initramfs.img');
});

/** Few contents, so that many objects have several paths with several owners. */
function randomTree(random: Random): Tree {
  const paths = Array.from({ length: random.below(60) }, () =>
    random.pick([
      `usr/lib/modules/${random.below(2)}/${random.pick(['vmlinuz', 'initramfs.img', 'a.ko'])}`,
      `usr/etc/${random.below(9)}`,
      `boot/initrd.img-${random.below(3)}`,
      `usr/share/${random.below(4)}/${random.below(9)}`,
    ]),
  );
  const tree = Object.fromEntries(paths.map((path) => [path, `content ${random.below(12)}`]));
  const users = [0, 1].flatMap((number): [string, TreeEntry][] =>
    random.below(3) > 0
      ? []
      : [[`usr/share/${number}/`, { xattrs: [attribute('user.component', `u${number}`)] }]],
  );
  const lists = ['a', 'b', 'c'].map((name) => [
    name,
    Object.keys(tree)
      .filter(() => random.below(3) === 0)
      .map((path) => `/${path.replace(/^usr\/etc/, 'etc')}`),
  ]);
  return debianTree(Object.fromEntries(lists), { ...Object.fromEntries(users), ...tree });
}

test('random trees and owners: plans have each path once, and an object in one layer, users apart', async (t) => {
  const random = new Random(5);
  for (let round = 0; round < 12; round++) {
    const { source, commit, id } = await commitPaths(t, randomTree(random));
    const objects = await commitObjects(source, id);
    for (const packing of ['compatible', 'stable'] as const) {
      const { components } = await commitComponents(source, commit, { packing });
      const { plan } = planComponents(components, { packing, maxLayers: 6 + random.below(10) });
      checkPlan(plan, objects);
      const users = new Set(components.filter(({ kind }) => kind === 'user').map(({ name }) => name));
      const whole = plan.filter(({ packages }) => !packages.some((name) => users.has(name)));
      const seen = whole.flatMap((layer) => [...layer.objects.keys()]);
      assert.equal(new Set(seen).size, seen.length, `round ${round}`);
    }
  }
});
