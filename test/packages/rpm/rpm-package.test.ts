import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { readOwnership } from '../../../src/packages/read-packages.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { commitPaths, type Tree } from '../../support/package-trees.ts';
import { unlessInstalled } from '../../support/programs.ts';

/** Specs of two kernels, which share a name, and of a tool with configuration, a ghost and an epoch. */
const SPEC = (name: string, version: string, epoch: number, body: string) => `Name: ${name}
Version: ${version}
Release: 1
${epoch === 0 ? '' : `Epoch: ${epoch}\n`}Summary: made for a test
License: none
BuildArch: noarch
AutoReqProv: no
%description
Made for a test.
${body}
%changelog
* Mon Jan 05 2026 A <a@example.org> - ${version}-1
- Second
* Thu Jan 01 2026 B <b@example.org> - 0-1
- First
`;

const KERNEL = (version: string) => `%install
mkdir -p %{buildroot}/usr/lib/modules/${version} %{buildroot}/lib/modules/${version}
echo ${version} > %{buildroot}/usr/lib/modules/${version}/vmlinuz
echo m${version} > %{buildroot}/lib/modules/${version}/mod.ko
touch %{buildroot}/usr/lib/modules/${version}/initramfs.img
%files
/usr/lib/modules/${version}/vmlinuz
/lib/modules/${version}/mod.ko
%ghost /usr/lib/modules/${version}/initramfs.img
`;

const TOOL = `%install
mkdir -p %{buildroot}/etc %{buildroot}/usr/bin
echo conf > %{buildroot}/etc/tool.conf
echo tool > %{buildroot}/usr/bin/tool
ln -s tool %{buildroot}/usr/bin/alias
%files
%config(noreplace) /etc/tool.conf
/usr/bin/tool
/usr/bin/alias
`;

test('packages that rpmbuild made own what rpm says', {
  skip: unlessInstalled('rpm', 'rpmbuild'),
}, async (t) => {
  const folder = await tempDir(t);
  const database = join(folder, 'db');
  await mkdir(database);
  const specs = [
    SPEC('kernel', '6.1', 0, KERNEL('6.1')),
    SPEC('kernel', '6.2', 0, KERNEL('6.2')),
    SPEC('tool', '1.0~rc1', 3, TOOL),
  ];
  for (const [index, spec] of specs.entries()) {
    const path = join(folder, `${index}.spec`);
    await writeFile(path, spec);
    await must(['rpmbuild', '--define', `_topdir ${folder}`, '-bb', path]);
  }
  const made = await readdir(join(folder, 'RPMS/noarch'));
  const rpm = ['rpm', '--dbpath', database];
  await must([
    ...rpm,
    '--justdb',
    '--nodeps',
    '-i',
    ...made.map((name) => join(folder, 'RPMS/noarch', name)),
  ]);

  const listed = (await must([...rpm, '-qa', '--qf', '[%{=NAME}-%{=EVR} %{FILENAMES}\n]']))
    .trim()
    .split('\n');
  const moved = (path: string) => path.replace(/^\/etc\//, '/usr/etc/').replace(/^\/lib\//, '/usr/lib/');
  const expected = listed.map((line) => line.split(' ')).map(([id, path = '']) => `${moved(path)} ${id}`);
  const tree: Record<string, Tree[string]> = { lib: { to: 'usr/lib' }, 'usr/bin/unowned': '' };
  for (const line of expected) tree[line.slice(1).replace(/ .*/, '')] = line;
  tree['usr/lib/sysimage/rpm/rpmdb.sqlite'] = await readFile(join(database, 'rpmdb.sqlite'));

  const { source, commit } = await commitPaths(t, tree);
  const { owners, packages } = await readOwnership(source, commit);
  const found = [...owners].map(
    ([
      path,
      {
        packages: [one],
      },
    ]) => `${path} ${one.name}-${one.version}`,
  );
  assert.deepEqual(found.toSorted(), expected.toSorted());
  assert.equal(found.length, 9);
  const ids = ['kernel-6.1-1.noarch', 'kernel-6.2-1.noarch', 'tool-3:1.0~rc1-1.noarch'];
  assert.deepEqual(
    packages.map(({ id }) => id),
    ids,
  );
  assert.deepEqual(
    packages.map(({ source: name }) => name),
    ['kernel', 'kernel', 'tool'],
  );
  for (const { changes } of packages)
    assert.deepEqual(changes, [Date.UTC(2026, 0, 5, 12) / 1000, Date.UTC(2026, 0, 1, 12) / 1000]);
});
