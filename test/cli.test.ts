import assert from 'node:assert/strict';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { must, run, TREEPORT } from './e2e/support/run.ts';
import { tempDir } from './e2e/support/scratch.ts';
import { FIXTURE_REF, writeOstreeFixture } from './support/ostree-fixture.ts';
import { initRepo } from './support/ostree-repos.ts';
import { unlessInstalled } from './support/programs.ts';

test('a Node that is too old is one line that says which is needed', async () => {
  // An architecture for which there is no runtime that has a newer one.
  const old = { versions: { ...process.versions, node: '20.19.2' }, arch: 'riscv64' };
  const pretend = Object.entries(old).map(
    ([name, value]) => `Object.defineProperty(process, '${name}', { value: ${JSON.stringify(value)} });`,
  );
  const [node, cli] = TREEPORT;
  const outcome = await run([node, '--import', `data:text/javascript,${pretend.join('')}`, cli, '--version']);
  assert.deepEqual([outcome.status, outcome.stdout], [1, '']);
  assert.match(outcome.stderr, /^treeport: ERR_NODE_VERSION: treeport needs Node 24 or newer, [^\n]+\n$/);
});

test('a process that may not open enough files says so, wherever it meets the limit', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const folder = await tempDir(t);
  const { path } = await writeOstreeFixture(join(folder, 'repo'));
  const tar = join(folder, 'os.tar');
  await must([...TREEPORT, 'tar', 'export', '--repo', path, FIXTURE_REF, '--output', tar]);
  const repo = await initRepo(join(folder, 'other'), 'archive');
  const words = [
    `tar import --quiet --repo '${repo}' --write-ref os '${tar}'`,
    `repo fsck --quiet --repo '${path}'`,
  ];
  const outcomes = await Promise.all(
    words.flatMap((verb) =>
      [24, 26, 28].map((limit) =>
        run(['sh', '-c', `ulimit -n ${limit}; exec '${TREEPORT.join("' '")}' ${verb}`]),
      ),
    ),
  );
  for (const { status, stderr } of outcomes) {
    // fsck needs few files on a machine with few processors.
    if (status !== 0) assert.match(stderr, /^treeport: ERR_(?:OPEN_FILES|IO|OBJECT_UNREADABLE): [^\n]+\n$/);
  }
  assert.ok(outcomes.some(({ stderr }) => stderr.includes('ERR_OPEN_FILES')));
});

test('a working directory that was deleted is one line, if it is needed at all', async (t) => {
  const folder = await tempDir(t);
  const { path } = await writeOstreeFixture(join(folder, 'repo'));
  const gone = join(folder, 'gone');
  for (const words of ['fsck --quiet --repo ..', `fsck --quiet --repo '${path}'`, `refs --repo '${path}'`]) {
    await mkdir(gone);
    const command = `rmdir "$PWD"; exec '${TREEPORT.join("' '")}' repo ${words}`;
    const { status, stderr } = await run(['sh', '-c', command], { cwd: gone });
    // A check starts threads, which need it, on machines with more than two processors.
    if (!words.endsWith('..') && status === 0) assert.equal(stderr, '');
    else assert.match(stderr, /^treeport: ERR_WORKING_DIRECTORY: [^\n]+\n$/);
    await rmdir(gone).catch(() => {});
  }
});
