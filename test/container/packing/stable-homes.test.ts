import assert from 'node:assert/strict';
import test from 'node:test';
import { commitComponents } from '../../../src/container/packing/components.ts';
import { commitPaths, debianTree, rpmdbFixture, type Tree } from '../../support/package-trees.ts';

/** Kind, name and paths of each component. */
async function placesOf(t: Parameters<typeof commitPaths>[0], tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const { components } = await commitComponents(source, commit, { packing: 'stable' });
  return Object.fromEntries(
    components.map(({ kind, name, objects }) => [
      `${kind} ${name}`,
      [...objects.values()].flat().toSorted().join(' '),
    ]),
  );
}

const paths = (lines: string) => lines.split(/\s+/).toSorted().join(' ');

test('kernels, initramfs, database, configuration and unpackaged content are apart from packages', async (t) => {
  const sum = '0123456789abcdef'.repeat(4);
  const lists = {
    bash: ['/usr/bin/bash', '/etc/bash.bashrc'],
    'linux-6.1': [
      '/boot/vmlinuz-6.1',
      '/boot/config-6.1',
      '/usr/lib/modules/6.1/ext4.ko',
      '/usr/share/doc/linux',
    ],
  };
  const places = await placesOf(
    t,
    debianTree(lists, {
      'usr/bin/bash': 'bash',
      'usr/etc/bash.bashrc': 'rc',
      'usr/etc/hostname': 'host',
      'usr/lib/modules/6.1/ext4.ko': 'ext4',
      'usr/lib/modules/6.1/modules.dep': 'dep',
      'usr/lib/modules/6.1/initramfs.img': 'one',
      'usr/lib/modules/6.1/net/initrd': 'a module',
      'usr/lib/modules/7.0/vmlinuz': 'seven',
      'boot/vmlinuz-6.1': 'vmlinuz',
      'boot/config-6.1': 'config',
      'boot/initrd.img-6.1': 'two',
      [`usr/lib/ostree-boot/initramfs-7.0.img-${sum}`]: 'three',
      'boot/vmlinuz-9': 'without modules',
      'usr/share/doc/linux': 'doc',
      'usr/local/tool': 'tool',
    }),
  );
  assert.deepEqual(places, {
    'package bash': paths('/usr/bin/bash /usr/etc/bash.bashrc /usr/lib/sysimage/dpkg/info/bash.list'),
    'package linux-6.1': paths('/usr/lib/sysimage/dpkg/info/linux-6.1.list /usr/share/doc/linux'),
    'kernel kernel 6.1': paths(
      `/boot/config-6.1 /boot/vmlinuz-6.1 /usr/lib/modules/6.1/ext4.ko /usr/lib/modules/6.1/modules.dep
       /usr/lib/modules/6.1/net/initrd`,
    ),
    'kernel kernel 7.0': '/usr/lib/modules/7.0/vmlinuz',
    'initramfs initramfs 6.1': paths('/boot/initrd.img-6.1 /usr/lib/modules/6.1/initramfs.img'),
    'initramfs initramfs 7.0': `/usr/lib/ostree-boot/initramfs-7.0.img-${sum}`,
    'configuration unpackaged configuration': '/usr/etc/hostname',
    'database package database': '/usr/lib/sysimage/dpkg/status',
    'unpackaged unpackaged': paths('/boot/vmlinuz-9 /usr/local/tool'),
  });
});

test('large directories of unpackaged content are components', async (t) => {
  const large = Buffer.alloc(1024 * 1024, 7);
  const places = await placesOf(t, {
    'opt/app/1.0/data': large,
    'opt/app/2,0/x': 'x',
    'usr/share/a,b/deep/data': Buffer.concat([large, large]),
    'usr/share/small': 's',
  });
  assert.deepEqual(places, {
    'unpackaged unpackaged /opt/app': paths('/opt/app/1.0/data /opt/app/2,0/x'),
    'unpackaged unpackaged /usr/share/a_b': '/usr/share/a,b/deep/data',
    'unpackaged unpackaged': '/usr/share/small',
  });
});

test('an object of several components belongs to a package, unless it is small', async (t) => {
  const shared = 'x'.repeat(4097);
  const places = await placesOf(
    t,
    debianTree(
      { b: ['/usr/b', '/usr/only-b', '/usr/also-b'], c: ['/usr/c', '/usr/small'] },
      {
        'usr/a': shared,
        'usr/b': shared,
        'usr/c': shared,
        'usr/etc/d': shared,
        'usr/small': 'small',
        'usr/etc/small': 'small',
        'usr/only-b': 'both of b',
        'usr/also-b': 'both of b',
      },
    ),
  );
  assert.equal(
    places['package b'],
    '/usr/a /usr/also-b /usr/b /usr/c /usr/etc/d /usr/lib/sysimage/dpkg/info/b.list /usr/only-b',
  );
  assert.equal(places['unpackaged unpackaged'], '/usr/etc/small /usr/small');
});

test('what is empty belongs to no package, so that no other one can take it away', async (t) => {
  const places = await placesOf(
    t,
    debianTree(
      { a: ['/usr/a', '/usr/empty', '/usr/masked', '/usr/link'] },
      { 'usr/a': 'a', 'usr/empty': '', 'usr/masked': { to: '/dev/null' }, 'usr/link': { to: 'a' } },
    ),
  );
  assert.equal(places['package a'], paths('/usr/a /usr/lib/sysimage/dpkg/info/a.list /usr/link'));
  assert.equal(places['unpackaged unpackaged'], paths('/usr/empty /usr/masked'));
});

test('of the database, what changes with one package alone is in that package', async (t) => {
  const info = 'usr/lib/sysimage/dpkg/info';
  const records = ['a.md5sums', 'a:amd64.symbols', 'a.templates', 'a.postinst', 'gone.list'];
  const places = await placesOf(
    t,
    debianTree(
      { a: ['/usr/a'] },
      { 'usr/a': 'a', ...Object.fromEntries(records.map((name) => [`${info}/${name}`, name])) },
    ),
  );
  const owned = ['a.list', ...records.slice(0, 3)].map((name) => `/${info}/${name}`);
  assert.equal(places['package a'], paths(['/usr/a', ...owned].join(' ')));
  assert.equal(
    places['database package database'],
    paths(`/${info}/a.postinst /${info}/gone.list /usr/lib/sysimage/dpkg/status`),
  );
});

test('alternatives are configuration, whatever they lead to', async (t) => {
  const places = await placesOf(
    t,
    debianTree(
      { vim: ['/usr/bin/vim'] },
      {
        'usr/bin/vim': 'vim',
        'usr/etc/alternatives/editor': { to: '/usr/bin/vim' },
        'usr/bin/editor': { to: '/etc/alternatives/editor' },
      },
    ),
  );
  assert.equal(places['package vim'], paths('/usr/bin/vim /usr/lib/sysimage/dpkg/info/vim.list'));
  assert.equal(places['configuration unpackaged configuration'], '/usr/etc/alternatives/editor');
});

test('a database that is a file takes its directory, and rpm-ostree’s copy with it', async (t) => {
  const places = await placesOf(t, {
    'usr/share/rpm/rpmdb.sqlite': rpmdbFixture('two-pkgs'),
    'usr/share/rpm/.rpm.lock': 'lock',
    'usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite': 'base',
  });
  assert.deepEqual(places, {
    'database package database': paths(
      '/usr/lib/sysimage/rpm-ostree-base-db/rpmdb.sqlite /usr/share/rpm/.rpm.lock /usr/share/rpm/rpmdb.sqlite',
    ),
  });
});
