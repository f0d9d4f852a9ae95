import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';
import { readOwnership } from '../../src/packages/read-packages.ts';
import { must } from '../e2e/support/run.ts';
import {
  commitPaths,
  debianTree,
  rpmdbFixture,
  type Tree,
  type TreeEntry,
  warnings,
} from '../support/package-trees.ts';
import { unlessInstalled } from '../support/programs.ts';

/** Owner and reason by path, without the database. */
async function ownersOf(t: Parameters<typeof commitPaths>[0], tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const told = warnings();
  const { owners, ...rest } = await readOwnership(source, commit, { warn: told.warn });
  const texts = [...owners].map(([path, { packages, why }]) => [
    path,
    `${packages.map(({ name }) => name).join('+')} ${why}`,
  ]);
  return { owners: Object.fromEntries(texts), ...rest, lines: told.lines };
}

test('links to directories are followed, the last link is not', async (t) => {
  const { owners } = await ownersOf(
    t,
    debianTree(
      { a: ['/lib64/x', '/deep/x', '/sh', '/usr/up/../lib/y', '/gone/x', '/usr/lib'] },
      {
        'usr/lib64/x': 'x',
        'usr/lib/y': 'y',
        lib64: { to: '/usr/./lib64' },
        deep: { to: 'one' },
        one: { to: '../../usr/lib' },
        'usr/lib/x': 'x2',
        'usr/up/z': '',
        sh: { to: 'lib64/x' },
      },
    ),
  );
  const paths = ['/usr/lib64/x', '/usr/lib/x', '/sh', '/usr/lib/y'];
  assert.deepEqual(owners, Object.fromEntries(paths.map((path) => [path, 'a listed'])));
});

test('loops of links end', async (t) => {
  const { owners } = await ownersOf(
    t,
    debianTree(
      { a: ['/a/x', '/self/x', '/usr/bin/a'] },
      { a: { to: 'b' }, b: { to: 'a' }, self: { to: 'self/self' }, 'usr/bin/a': '' },
    ),
  );
  assert.deepEqual(owners, { '/usr/bin/a': 'a listed' });
});

test('what builders move is found', async (t) => {
  const sum = '0123456789abcdef'.repeat(4);
  const { owners } = await ownersOf(
    t,
    debianTree(
      {
        a: [
          '/etc/a',
          '/opt/a',
          '/var/a',
          '/boot/vmlinuz-6.1',
          '/boot/config-6.1',
          '/boot/vmlinuz-5',
          '/boot/b',
        ],
      },
      {
        'usr/etc/a': '1',
        'usr/lib/opt/a': '2',
        'usr/share/factory/var/a': '3',
        'usr/lib/modules/6.1/vmlinuz': '4',
        'usr/lib/modules/6.1/config': '5',
        [`usr/lib/ostree-boot/vmlinuz-5-${sum}`]: '6',
        'usr/lib/ostree-boot/b': '7',
        'usr/lib/ostree-boot/b-other': '8',
      },
    ),
  );
  assert.equal(Object.keys(owners).length, 7);
  assert.equal(owners['/usr/lib/ostree-boot/b-other'], undefined);
});

test('bytecode and alternatives belong to what they are made of', async (t) => {
  const { owners } = await ownersOf(
    t,
    debianTree(
      { python: ['/usr/lib/python3/m.py'], vim: ['/usr/bin/vim.basic'] },
      {
        'usr/lib/python3/m.py': '',
        'usr/lib/python3/__pycache__/m.cpython-311.pyc': '1',
        'usr/lib/python3/__pycache__/m.cpython-311.opt-1.pyc': '2',
        'usr/lib/python3/__pycache__/n.cpython-311.pyc': '3',
        'usr/bin/vim.basic': '4',
        'usr/bin/editor': { to: '/etc/alternatives/editor' },
        'usr/etc/alternatives/editor': { to: '/usr/bin/vim.basic' },
        'usr/bin/loop': { to: '/etc/alternatives/loop' },
        'usr/etc/alternatives/loop': { to: '/usr/bin/loop' },
        'usr/bin/other': { to: '/usr/bin/vim.basic' },
      },
    ),
  );
  assert.deepEqual(owners, {
    '/usr/lib/python3/m.py': 'python listed',
    '/usr/bin/vim.basic': 'vim listed',
    '/usr/bin/editor': 'vim alternative',
    '/usr/etc/alternatives/editor': 'vim alternative',
    '/usr/lib/python3/__pycache__/m.cpython-311.opt-1.pyc': 'python bytecode',
    '/usr/lib/python3/__pycache__/m.cpython-311.pyc': 'python bytecode',
  });
});

test('a path of several packages belongs to the first by id', async (t) => {
  const { owners } = await ownersOf(
    t,
    debianTree({ b: ['/usr/x'], c: ['/usr/x'], a: ['/usr/x', '/usr/x'] }, { 'usr/x': '' }),
  );
  assert.deepEqual(owners, { '/usr/x': 'a+b+c listed' });
});

const attribute = (name: string, value: string) => ({
  name: Buffer.from(`user.${name}`),
  value: Buffer.from(value),
});

test('components and intervals are inherited, and overridden by the nearest', async (t) => {
  const { components, sizes, lines } = await ownersOf(t, {
    'usr/app/': { xattrs: [attribute('component', 'app'), attribute('update-interval', 'weekly')] },
    'usr/app/deep/file': '12345',
    'usr/app/link': { to: 'deep' },
    'usr/app/own': { xattrs: [attribute('component', 'own\0')], content: 'o' },
    'usr/app/part/': { xattrs: [attribute('component', 'part'), attribute('update-interval', '45')] },
    'usr/app/part/x': 'x',
    'usr/odd/': { xattrs: [attribute('component', 'odd'), attribute('update-interval', 'often')] },
    'usr/odd/y': 'y',
    'usr/plain': { xattrs: [attribute('update-interval', 'daily')], content: 'p' },
  });
  assert.deepEqual(Object.fromEntries(components), {
    '/usr/app/deep/file': { name: 'app', updateInterval: 7 },
    '/usr/app/link': { name: 'app', updateInterval: 7 },
    '/usr/app/own': { name: 'own', updateInterval: 7 },
    '/usr/app/part/x': { name: 'part', updateInterval: 45 },
    '/usr/odd/y': { name: 'odd', updateInterval: undefined },
  });
  assert.match(
    lines.join(),
    /^\/usr\/odd\/y in the commit has the user\.update-interval "often", which is ignored/,
  );
  assert.deepEqual([...sizes.values()].toSorted(), [0, 1, 1, 1, 1, 5]);
});

test('several kernels are several packages', async (t) => {
  const { packages } = await ownersOf(t, { 'usr/share/rpm/rpmdb.sqlite': rpmdbFixture('62-pkgs') });
  assert.equal(new Set(packages.map(({ id }) => id)).size, 62);
});

/** Real packages of this machine; those that are missing are left out. */
const REAL = [
  'bash',
  'base-files',
  'coreutils',
  'dash',
  'libc6',
  'libpython3.11-minimal',
  'passwd',
  'vim-common',
];

test('owners of real packages are those of dpkg', { skip: unlessInstalled('dpkg-query') }, async (t) => {
  const shown = await must([
    'sh',
    '-c',
    `dpkg-query -W -f '\${db:Status-Status} \${Package} \${binary:Package}\\n' ${REAL.join(' ')} 2>/dev/null || :`,
  ]);
  // dpkg also knows packages that others recommend, and that are not installed.
  const names = shown
    .split('\n')
    .filter((line) => line.startsWith('installed '))
    .map((line) => line.split(' ').slice(1) as [string, string]);
  assert.ok(names.length > 3);
  const admin = 'usr/share/dpkg/database';
  const tree: Record<string, TreeEntry> = {
    [`${admin}/status`]: await must(['dpkg', '-s', ...names.map(([, full]) => full)]),
  };
  const expected = new Map<string, Set<string>>();
  for (const [name, full] of names) {
    tree[`${admin}/info/${full}.list`] = readFileSync(`/var/lib/dpkg/info/${full}.list`);
    for (const line of (await must(['dpkg', '-L', full])).split('\n')) {
      // dpkg tells where diverted files of this package lie.
      const path = /^(?:package diverts others to|locally diverted to|diverted by \S+ to): (.*)$/.exec(line);
      const literal = path === null ? line : (path[1] ?? '');
      if (!literal.startsWith('/') || line.startsWith('package diverts')) continue;
      const real = placeOf(literal);
      if (real === undefined) continue;
      expected.set(real, (expected.get(real) ?? new Set()).add(name));
      tree[real.slice(1)] = contentOf(literal);
    }
  }
  for (const [alias] of [['bin'], ['lib'], ['lib64'], ['sbin']] as const)
    if (lstatSync(`/${alias}`).isSymbolicLink()) tree[alias] = { to: readlinkSync(`/${alias}`) };
  const diversions = '/var/lib/dpkg/diversions';
  if (existsSync(diversions)) tree[`${admin}/diversions`] = readFileSync(diversions);
  const { source, commit } = await commitPaths(t, tree);
  const { owners } = await readOwnership(source, commit);
  const found = [...owners].filter(([, { why }]) => why === 'listed');
  const text = (path: string, packages: Iterable<string>) =>
    `${path} ${[...new Set(packages)].toSorted().join()}`;
  assert.deepEqual(
    found
      .map(([path, { packages }]) =>
        text(
          path,
          packages.map(({ name }) => name),
        ),
      )
      .toSorted(),
    [...expected].map(([path, packages]) => text(path, packages)).toSorted(),
  );
});

/** Where a commit of this machine would have the file; undefined for directories and what is not here. */
function placeOf(path: string): string | undefined {
  if (!existsSync(dirname(path)) || lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== false)
    return undefined;
  const real = join(realpathSync(dirname(path)), basename(path));
  if (real.startsWith('/var/')) return undefined;
  return real.startsWith('/etc/') ? `/usr${real}` : real;
}

function contentOf(path: string): TreeEntry {
  return lstatSync(path).isSymbolicLink() ? { to: readlinkSync(path) } : path;
}
