import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { CommitFiles } from '../../../src/packages/commit-files.ts';
import { changelogEntries, changeTimes } from '../../../src/packages/dpkg/changelog.ts';
import { findDpkgDatabase, findOpkgDatabase } from '../../../src/packages/dpkg/dpkg-database.ts';
import { packageOfParagraph } from '../../../src/packages/dpkg/dpkg-package.ts';
import { paragraphs } from '../../../src/packages/dpkg/paragraphs.ts';
import { commitPaths, listedPackages, type Tree, warnings } from '../../support/package-trees.ts';

const STATUS = `Package: bash
Status: install ok installed
Installed-Size: 7000
Architecture: amd64
Multi-Arch: foreign
Version: 5.2.15-2+b7
Source: bash (5.2.15-2)
Conffiles:
 /etc/bash.bashrc 89269e1298235f1b12b4c16e4065ad0d
 /etc/gone 89269e1298235f1b12b4c16e4065ad0d obsolete
Description: a shell
 with: a colon

Package: libc6
Status: install ok triggers-pending
Architecture: i386
Multi-Arch: same
Version: 2.36-9

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1
`;

async function read(t: TestContext, tree: Tree, find = findDpkgDatabase) {
  const { source, commit } = await commitPaths(t, tree);
  const told = warnings();
  const files = new CommitFiles(source, { tree: commit.rootTree, meta: commit.rootMeta });
  const database = await find(files, told.warn);
  assert.ok(database);
  return { database, listed: await listedPackages(database, told.warn), ...told };
}

test('installed packages are read, with what the paragraph tells', async (t) => {
  const { listed, lines } = await read(t, { 'usr/lib/sysimage/dpkg/status': STATUS });
  assert.deepEqual(lines, []);
  assert.deepEqual(listed[0]?.package, {
    id: 'bash:amd64=5.2.15-2+b7',
    key: 'bash:amd64',
    name: 'bash',
    version: '5.2.15-2+b7',
    architecture: 'amd64',
    source: 'bash',
    size: 7000 * 1024,
    built: undefined,
    changes: [],
  });
  assert.deepEqual(
    listed.map(({ package: { id } }) => id),
    ['bash:amd64=5.2.15-2+b7', 'libc6:i386=2.36-9'],
  );
});

test('lists of files, with and without the architecture in their names; conffiles once', async (t) => {
  const { listed } = await read(t, {
    'usr/share/dpkg/database/status': STATUS,
    'usr/share/dpkg/database/info/bash.list': '/.\n/etc\n/etc/bash.bashrc\n/bin/bash\n',
    'usr/share/dpkg/database/info/libc6:i386.list': '/.\n/lib/i386-linux-gnu/libc.so.6\n',
  });
  assert.deepEqual(
    listed.map(({ files }) => files),
    [
      ['/.', '/etc', '/etc/bash.bashrc', '/bin/bash', '/etc/gone'],
      ['/.', '/lib/i386-linux-gnu/libc.so.6'],
    ],
  );
});

test('diverted paths lie elsewhere, except those of the package that diverts', async (t) => {
  const { listed } = await read(t, {
    'var/lib/dpkg/status': STATUS,
    'var/lib/dpkg/info/bash.list': '/bin/sh\n/bin/bash\n/bin/local\n',
    'var/lib/dpkg/info/libc6:i386.list': '/bin/sh\n',
    'var/lib/dpkg/diversions':
      '/bin/sh\n/bin/sh.distrib\nlibc6\n/bin/local\n/bin/local.orig\n:\n/usr/bin/bash\n/nowhere\n:\n',
  });
  assert.deepEqual(
    listed.map(({ files }) => files.filter((path) => path.startsWith('/bin'))),
    [['/bin/sh.distrib', '/bin/bash', '/bin/local.orig'], ['/bin/sh']],
  );
});

test('images without dpkg have a status file and sums for each package', async (t) => {
  const { listed } = await read(t, {
    'var/lib/dpkg/status.d/bash': 'Package: bash\nVersion: 1\nArchitecture: amd64\n',
    'var/lib/dpkg/status.d/bash.md5sums': `${'0'.repeat(32)}  bin/bash\n`,
  });
  assert.deepEqual(
    listed.map(({ package: { id }, files }) => [id, files]),
    [['bash:amd64=1', ['/bin/bash']]],
  );
});

test('opkg lists have modes behind tabs', async (t) => {
  const tree = { 'usr/lib/opkg/status': STATUS, 'usr/lib/opkg/info/bash.list': '/bin/bash\t0100755\n' };
  const { listed, database } = await read(t, tree, findOpkgDatabase);
  assert.equal(database.format, 'opkg');
  assert.equal(listed[0]?.files[0], '/bin/bash');
});

test('a paragraph that cannot be read is named with its line, and the rest is used', async (t) => {
  const broken = `Package: a\nVersion 1\n\nVersion: 2\n\n continued\n\nPackage: b\nPackage: b\n\n${STATUS}`;
  const { listed, lines } = await read(t, { 'var/lib/dpkg/status': broken });
  assert.equal(listed.length, 2);
  assert.deepEqual(lines, [
    '/var/lib/dpkg/status in the commit: the package a at line 1 cannot be read and is left out: line 2 is no "Field: value"',
    '/var/lib/dpkg/status in the commit: the package at line 4 cannot be read and is left out: it has no valid field Package',
    '/var/lib/dpkg/status in the commit: the package at line 6 cannot be read and is left out: line 6 continues no field',
    '/var/lib/dpkg/status in the commit: the package b at line 8 cannot be read and is left out: line 9 repeats the field Package',
  ]);
});

const CHANGELOG = `bash (5.2-2) unstable; urgency=medium

  * Second.

 -- A. Author <a@example.org>  Mon, 05 Jan 2026 10:00:00 +0100

bash (5.2-1) unstable; urgency=medium

  * First,
    of two lines.

 -- B. Author <b@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
`;

test('changelogs give times and entries, also of rebuilds, through linked directories', async (t) => {
  const rebuild = `bash (5.2-2+b7) sid; urgency=low, binary-only=yes\n\n  * Rebuild.\n\n -- C <c@example.org>  Tue, 06 Jan 2026 00:00:00 +0000\n`;
  const { database, listed } = await read(t, {
    'var/lib/dpkg/status': STATUS,
    'usr/share/doc/bash': { to: 'bash-common' },
    'usr/share/doc/bash-common/changelog.Debian.gz': gzipSync(CHANGELOG),
    'usr/share/doc/bash-common/changelog.Debian.amd64.gz': gzipSync(rebuild),
    'usr/share/doc/libc6/changelog.gz': Buffer.from('1f8b0000', 'hex'),
  });
  const [bash, libc] = listed.map(({ package: one }) => one);
  assert.ok(bash && libc);
  const times = ['2026-01-06T00:00:00Z', '2026-01-05T09:00:00Z', '2026-01-01T00:00:00Z'];
  assert.deepEqual(
    bash.changes,
    times.map((time) => Date.parse(time) / 1000),
  );
  assert.deepEqual(libc.changes, []);
  const entries = (await database.changelogs([bash, libc], () => {})).get(bash) ?? [];
  assert.deepEqual(
    entries.map(({ version }) => version),
    ['5.2-2+b7', '5.2-2', '5.2-1'],
  );
  assert.deepEqual(entries[2], {
    time: Date.parse('2026-01-01T00:00:00Z') / 1000,
    author: 'B. Author <b@example.org>',
    version: '5.2-1',
    text: '  * First,\n    of two lines.',
  });
});

test('long lines of spaces take no more time than others', () => {
  const spaces = ' '.repeat(1_000_000);
  const changelog = `a (1) b; c\n\n -- A${spaces}x\n -- ${spaces}\n`;
  assert.deepEqual([changeTimes(changelog), changelogEntries(changelog)], [[], []]);
  const [paragraph] = [...paragraphs(`Package: a\nVersion: 1\nSource: b${spaces}c${spaces}(1)\n`)];
  assert.ok(paragraph);
  assert.equal(typeof packageOfParagraph(paragraph), 'object');
});
