import assert from 'node:assert/strict';
import test from 'node:test';
import { findApkDatabase } from '../../../src/packages/apk/apk-database.ts';
import { CommitFiles } from '../../../src/packages/commit-files.ts';
import { commitPaths, listedPackages, type Tree, warnings } from '../../support/package-trees.ts';

async function open(t: Parameters<typeof commitPaths>[0], tree: Tree) {
  const { source, commit } = await commitPaths(t, tree);
  const told = warnings();
  const files = new CommitFiles(source, { tree: commit.rootTree, meta: commit.rootMeta });
  return { database: await findApkDatabase(files, told.warn), ...told };
}

const BUSYBOX = `C:Q1abc=
P:busybox
V:1.36.1-r5
A:x86_64
S:500
I:942080
T:Size optimized toolbox
o:busybox-origin
t:1700000000
c:0123
F:bin
R:busybox
a:0:0:755
Z:Q1def=
F:etc/sub
R:conf
F:
R:top
`;

test('packages, directories and files are read', async (t) => {
  const { database, lines, warn } = await open(t, {
    'lib/apk/db/installed': `${BUSYBOX}\n\nP:musl\nV:1.2-r0\n\n`,
    'lib/apk/db/lock': '',
  });
  const [busybox, musl, ...more] = await listedPackages(database, warn);
  assert.deepEqual(lines, []);
  assert.deepEqual(more, []);
  assert.deepEqual(busybox, {
    package: {
      id: 'busybox-1.36.1-r5',
      key: 'busybox',
      name: 'busybox',
      version: '1.36.1-r5',
      architecture: 'x86_64',
      source: 'busybox-origin',
      size: 942080,
      built: 1700000000,
      changes: [],
    },
    files: ['/bin/busybox', '/etc/sub/conf', '/top'],
  });
  assert.equal(musl?.package.id, 'musl-1.2-r0');
});

test('a package that cannot be read is named with its line, and the rest is used', async (t) => {
  const { database, lines, warn } = await open(t, {
    'usr/lib/apk/db/installed': `P:one\n\n\nP:two\nnonsense\nV:1\n\n${BUSYBOX}`,
  });
  assert.equal((await listedPackages(database, warn)).length, 1);
  const file = '/usr/lib/apk/db/installed in the commit';
  assert.deepEqual(lines, [
    `${file}: the package at line 1 cannot be read and is left out: it has no version (V:)`,
    `${file}: the package at line 4 cannot be read and is left out: line 5 is no letter with a value`,
  ]);
});

test('the binary database of apk 3 is named', async (t) => {
  const { database, lines } = await open(t, { 'usr/lib/apk/db/installed.adb': 'ADB.' });
  assert.equal(database, undefined);
  assert.match(lines.join(), /^\/usr\/lib\/apk\/db\/installed\.adb: the binary format/);
});
