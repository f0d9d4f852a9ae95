import assert from 'node:assert/strict';
import test from 'node:test';
import { variant } from '../../src/gvariant/index.ts';
import { hasPackages, readOwnership, readPackages } from '../../src/packages/read-packages.ts';
import { coded } from '../support/expect.ts';
import { commitPaths, rpmdbFixture, warnings } from '../support/package-trees.ts';

const STATUS = 'Package: bash\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n';
const PKGLIST = new Map([
  [
    'rpmostree.rpmdb.pkglist',
    variant('a(sssss)', [
      ['bash', '0', '5.2', '1.fc43', 'x86_64'],
      ['vim', '2', '9.1', '1.fc43', 'x86_64'],
    ]),
  ],
]);

test('without a database there are no packages', async (t) => {
  const { source, commit } = await commitPaths(t, { 'usr/bin/x': 'x' });
  const { database, packages, owners, sizes } = await readOwnership(source, commit);
  assert.equal(database, undefined);
  assert.deepEqual([packages.length, owners.size, sizes.size], [0, 0, 1]);
});

test('an empty database of another format does not hide the packages', async (t) => {
  const empty = 'Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n';
  const { source, commit } = await commitPaths(t, {
    'usr/lib/sysimage/dpkg/status': empty,
    'lib/apk/db/installed': 'P:musl\nV:1.2-r0\n',
  });
  const { database, packages } = await readPackages(source, commit);
  assert.equal(database?.format, 'apk');
  assert.deepEqual(
    packages.map(({ id }) => id),
    ['musl-1.2-r0'],
  );
  const forced = await readPackages(source, commit, { format: 'dpkg' });
  assert.deepEqual([forced.database?.format, forced.packages], ['dpkg', []]);
  assert.equal(await hasPackages(source, commit), true);
  assert.equal(await hasPackages(source, commit, { format: 'dpkg' }), false);
});

test('a package that is there twice is reported', async (t) => {
  const { source, commit } = await commitPaths(t, { 'var/lib/dpkg/status': `${STATUS}\n${STATUS}` });
  const { lines, warn } = warnings();
  assert.equal((await readPackages(source, commit, { warn })).packages.length, 1);
  assert.deepEqual(lines, [
    '/var/lib/dpkg in the commit has the package bash:amd64=1 twice; the first counts',
  ]);
});

test('the list of rpm-ostree serves where the database cannot be read', async (t) => {
  const { source, commit } = await commitPaths(
    t,
    { 'usr/share/rpm/rpmdb.sqlite': 'damaged' },
    { metadata: PKGLIST },
  );
  const { lines, warn } = warnings();
  const { database, packages } = await readPackages(source, commit, { warn });
  assert.equal(database?.path, 'rpmostree.rpmdb.pkglist');
  assert.deepEqual(
    packages.map(({ id }) => id),
    ['bash-5.2-1.fc43.x86_64', 'vim-2:9.1-1.fc43.x86_64'],
  );
  assert.equal(lines.length, 1);
});

test('the database precedes the list of rpm-ostree', async (t) => {
  const tree = { 'usr/share/rpm/rpmdb.sqlite': rpmdbFixture('two-pkgs') };
  const { source, commit } = await commitPaths(t, tree, { metadata: PKGLIST });
  assert.equal((await readPackages(source, commit)).database?.path, '/usr/share/rpm/rpmdb.sqlite');
});

test('a format that is asked for must be there', async (t) => {
  const { source, commit } = await commitPaths(t, { 'var/lib/dpkg/status': STATUS });
  await assert.rejects(
    readPackages(source, commit, { format: 'rpm' }),
    coded('ERR_PACKAGE_DATABASE', 'no rpm database'),
  );
  assert.equal((await readPackages(source, commit, { format: 'none' })).packages.length, 0);
});
