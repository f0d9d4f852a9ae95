import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { run, TREEPORT } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { commitHistory, commitPaths, type Tree } from '../support/package-trees.ts';

const STATUS = `Package: bash
Status: install ok installed
Installed-Size: 2
Architecture: amd64
Version: 5.2-1

`;

const SYSTEM: Tree = {
  'usr/lib/sysimage/dpkg/status': STATUS,
  'usr/lib/sysimage/dpkg/info/bash.list': '/.\n/bin/bash\n/etc/bash.bashrc\n',
  'usr/bin/bash': 'a shell',
  'usr/etc/bash.bashrc': 'settings',
  bin: { to: 'usr/bin' },
};

function packages(repo: string, ...words: readonly string[]) {
  const [verb = '', ...rest] = words;
  return run([...TREEPORT, 'packages', verb, '--repo', repo, ...rest]);
}

test('list prints a table, or JSON', async (t) => {
  const { repo } = await commitPaths(t, SYSTEM);
  const { stdout, stderr } = await packages(repo, 'list', 'os');
  assert.equal(stderr, '');
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      ['NAME', 'VERSION', 'ARCHITECTURE', 'SIZE', 'CHANGED', 'PER YEAR', 'SOURCE'],
      ['bash', '5.2-1', 'amd64', '2.0 kB', '-', '2.5', 'bash'],
      [''],
    ],
  );
  const document = JSON.parse((await packages(repo, 'list', '--json', 'os')).stdout);
  assert.equal(document.format, 'dpkg');
  assert.equal(document.database, '/usr/lib/sysimage/dpkg');
  assert.equal(document.packages[0].id, 'bash:amd64=5.2-1');
});

test('a commit without a database has no packages', async (t) => {
  const { repo } = await commitPaths(t, { 'usr/bin/bash': 'a shell' });
  const { stdout, status } = await packages(repo, 'list', '--json', 'os');
  assert.equal(status, 0);
  assert.deepEqual(JSON.parse(stdout), { format: 'none', packages: [] });
});

test('a format that the commit has no database of is an error, and none reads none', async (t) => {
  const { repo } = await commitPaths(t, SYSTEM);
  const { status, stderr } = await packages(repo, 'list', '--packages', 'rpm', 'os');
  assert.equal(status, 1);
  assert.match(stderr, /^treeport: ERR_PACKAGE_DATABASE: the commit has no rpm database/);
  assert.equal(
    JSON.parse((await packages(repo, 'list', '--json', '--packages', 'none', 'os')).stdout).format,
    'none',
  );
});

test('a record that cannot be read is a warning', async (t) => {
  const { repo } = await commitPaths(t, {
    ...SYSTEM,
    'usr/lib/sysimage/dpkg/status': `${STATUS}Package: x\n`,
  });
  const { stderr, status } = await packages(repo, 'list', 'os');
  assert.equal(status, 0);
  assert.match(
    stderr,
    /^treeport: warning: \/usr\/lib\/sysimage\/dpkg\/status in the commit: the package x at line 7 /,
  );
});

test('owner names packages of paths as listed and as committed, and of the files in a directory', async (t) => {
  const { repo } = await commitPaths(t, { ...SYSTEM, 'usr/bin/own': '', 'usr/lib/x/': '' });
  const { stdout } = await packages(repo, 'owner', 'os', '/bin/bash', '/etc/bash.bashrc', 'usr/bin/');
  const bash = 'bash:amd64=5.2-1';
  assert.equal(
    stdout,
    `/usr/bin/bash: ${bash}\n/usr/etc/bash.bashrc: ${bash}\n/usr/bin/bash: ${bash}\n/usr/bin/own: no package\n`,
  );
  const json = JSON.parse((await packages(repo, 'owner', '--json', 'os', '/bin/bash')).stdout);
  assert.deepEqual(json, [{ path: '/usr/bin/bash', packages: [bash], why: 'listed' }]);
  const missing = await packages(repo, 'owner', 'os', '/nope');
  assert.match(missing.stderr, /^treeport: ERR_PATH_MISSING: no \/nope in the commit/);
});

test('diff prints changes and what is new in changelogs', async (t) => {
  const folder = await tempDir(t);
  const trees = ['5.2-1', '5.2-2'].map((version, index) => ({
    'usr/lib/sysimage/dpkg/status': `${STATUS.replace('5.2-1', version)}Package: only${index}
Status: install ok installed
Version: 1
`,
    'usr/share/doc/bash/changelog.gz': gzipSync(CHANGELOG.slice(index === 0 ? SECOND : 0)),
  }));
  const [from, to] = await commitHistory(join(folder, 'repo'), trees);
  const { stdout } = await packages(join(folder, 'repo'), 'diff', '--changelogs', String(from), String(to));
  assert.equal(
    stdout,
    `Upgraded:
  bash:amd64 5.2-1 -> 5.2-2
    * 2026-01-05 A <a@example.org> 5.2-2
        * Second.
Removed:
  only0:all 1
Added:
  only1:all 1
`,
  );
  const json = JSON.parse(
    (await packages(join(folder, 'repo'), 'diff', '--json', String(from), String(to))).stdout,
  );
  assert.deepEqual(
    json.map(({ kind }: { kind: string }) => kind),
    ['upgraded', 'removed', 'added'],
  );
  assert.equal(json[0].changelog[0].version, '5.2-2');
  const same = await packages(join(folder, 'repo'), 'diff', String(from), String(from));
  assert.equal(same.stdout, '');
});

const CHANGELOG = `bash (5.2-2) unstable; urgency=medium

  * Second.

 -- A <a@example.org>  Mon, 05 Jan 2026 10:00:00 +0100

bash (5.2-1) unstable; urgency=medium

  * First.

 -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
`;
const SECOND = CHANGELOG.indexOf('bash (5.2-1)');
