import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { CommitFiles } from '../../../src/packages/commit-files.ts';
import type { ListedPackage } from '../../../src/packages/package.ts';
import { findPacmanDatabase } from '../../../src/packages/pacman/pacman-database.ts';
import { must } from '../../e2e/support/run.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { commitPaths, listedPackages, type Tree, warnings } from '../../support/package-trees.ts';
import { unlessInstalled } from '../../support/programs.ts';

type Test = Parameters<typeof commitPaths>[0];

async function read(t: Test, tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const told = warnings();
  const files = new CommitFiles(source, { tree: commit.rootTree, meta: commit.rootMeta });
  const database = await findPacmanDatabase(files, told.warn);
  return { database, listed: await listedPackages(database, told.warn), ...told };
}

const DESC = `%NAME%
bash

%VERSION%
1:5.2-1

%BASE%
bash-base

%ARCH%
x86_64

%BUILDDATE%
1700000000

%SIZE%
9000

`;

test('packages and their files are read; the configuration names the place', async (t) => {
  const { database, listed, lines } = await read(t, {
    'usr/etc/pacman.conf': '[options]\n#DBPath = /no\nDBPath = /usr/own/pacman/\n',
    'usr/own/pacman/local/ALPM_DB_VERSION': '9\n',
    'usr/own/pacman/local/bash-1:5.2-1/desc': DESC,
    'usr/own/pacman/local/bash-1:5.2-1/files':
      '%FILES%\nusr/\nusr/bin/bash\netc/x\n\n%BACKUP%\netc/x\t0123\n',
    'var/lib/pacman/local/other-1-1/desc': DESC,
  });
  assert.deepEqual(lines, []);
  assert.equal(database?.path, '/usr/own/pacman/local');
  assert.deepEqual(listed, [
    {
      package: {
        id: 'bash-1:5.2-1-x86_64',
        key: 'bash',
        name: 'bash',
        version: '1:5.2-1',
        architecture: 'x86_64',
        source: 'bash-base',
        size: 9000,
        built: 1700000000,
        changes: [],
      },
      files: ['/usr/bin/bash', '/etc/x'],
    },
  ]);
  const { package: bash } = listed[0] as ListedPackage;
  assert.deepEqual(database?.recordsOf?.(bash), [
    '/usr/own/pacman/local/bash-1:5.2-1/files',
    '/usr/own/pacman/local/bash-1:5.2-1/mtree',
  ]);
});

test('a package without a name or version is named and left out', async (t) => {
  const { listed, lines } = await read(t, {
    'usr/lib/pacman/local/a-1-1/desc': '%NAME%\na\n\n',
    'usr/lib/pacman/local/b-1-1/files': '%FILES%\nusr/b\n',
    'usr/lib/pacman/local/bash/desc': DESC,
  });
  assert.equal(listed.length, 1);
  const beginning = '/usr/lib/pacman/local';
  assert.deepEqual(lines, [
    `${beginning}/a-1-1/desc in the commit: the package cannot be read and is left out: it has no %VERSION%`,
    `${beginning}/b-1-1/desc in the commit: the package cannot be read and is left out: it has no %NAME%`,
  ]);
});

test('packages and paths are those of pacman', { skip: unlessInstalled('pacman', 'tar') }, async (t) => {
  const folder = await tempDir(t);
  const [root, database, made] = ['root', 'db', 'made'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [root, database, join(made, 'usr/bin'), join(made, 'etc')])
    await mkdir(path, { recursive: true });
  await writeFile(join(made, 'usr/bin/tool'), 'tool');
  await symlink('tool', join(made, 'usr/bin/alias'));
  await writeFile(join(made, 'etc/tool.conf'), 'conf');
  const info = `pkgname = tool
pkgbase = tools
pkgver = 2:1.0-3
pkgdesc = a tool
builddate = 1700000001
size = 8
arch = x86_64
backup = etc/tool.conf
`;
  await writeFile(join(made, '.PKGINFO'), info);
  const archive = join(folder, 'tool-2:1.0-3-x86_64.pkg.tar.gz');
  await must(['tar', '-C', made, '-czf', archive, '--force-local', '.PKGINFO', 'usr', 'etc']);
  const config = join(folder, 'pacman.conf');
  await writeFile(config, '[options]\nArchitecture = x86_64\nSigLevel = Never\nLocalFileSigLevel = Never\n');
  const words = ['pacman', '--config', config, '--root', root, '--dbpath', database];
  await must([...words, '--noconfirm', '--noscriptlet', '--logfile', join(folder, 'log'), '-U', archive]);
  const local = join(database, 'local');
  const tree: Record<string, Buffer> = {};
  for (const entry of await readdir(local, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      tree[`usr/lib/sysimage/pacman/local/${path.slice(local.length + 1)}`] = await readFile(path);
    }
  const { listed } = await read(t, tree);
  const shown = (await must([...words, '-Ql']))
    .trim()
    .split('\n')
    .map((line) => line.replace(`tool ${root}`, ''));
  const files = shown.filter((path) => !path.endsWith('/'));
  assert.deepEqual(listed[0]?.files.toSorted(), files.toSorted());
  assert.equal(
    (await must([...words, '-Q'])).trim(),
    `${listed[0]?.package.name} ${listed[0]?.package.version}`,
  );
  assert.deepEqual([listed[0]?.package.source, listed[0]?.package.built], ['tools', 1700000001]);
});
