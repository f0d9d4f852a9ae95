import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { VERSION } from '../../src/base/version.ts';
import { FIXTURE_COMMIT, FIXTURE_REF, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';

const run = promisify(execFile);

/** The environment without what an npm that runs these tests has put into it. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')));
}

/**
 * Packs a clean clone, which has nothing that was built and nothing that git does not know; the package's
 * path.
 */
async function pack(workplace: string): Promise<string> {
  const clone = join(workplace, 'project');
  const { stdout: files } = await run('git', ['ls-files', '-z'], { cwd: ROOT });
  for (const file of files.split('\0').filter((name) => name !== ''))
    await cp(join(ROOT, file), join(clone, file));
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const { stdout } = await run('npm', ['run', '--silent', 'package', '--', '--pack-destination', workplace], {
    cwd: clone,
    env: plainEnvironment(),
  });
  return join(workplace, stdout.trim().split('\n').at(-1) as string);
}

/** Installs the package into an empty folder, beside a repository. */
async function installed(t: TestContext) {
  const workplace = await mkdtemp(join(tmpdir(), 'treeport-package-'));
  t.after(() => rm(workplace, { recursive: true }));
  const packed = await pack(workplace);
  const folder = join(workplace, 'installed');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{}');
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline', packed], {
    cwd: folder,
    env: plainEnvironment(),
  });
  const treeport = async (...words: readonly string[]) =>
    (await run('npx', ['treeport', ...words], { cwd: folder, env: plainEnvironment() })).stdout;

  const repo = join(workplace, 'repo');
  await writeOstreeFixture(repo);
  return { workplace, folder, treeport, repo };
}

test('the npm package installs in an empty folder, and its command works there', {
  skip: unlessInstalled('git'),
}, async (t) => {
  const { workplace, folder, treeport, repo } = await installed(t);
  assert.equal(await treeport('--version'), `${VERSION}\n`);
  assert.match(await treeport('--help'), /^Usage: treeport /);
  assert.equal(await treeport('repo', 'refs', '--repo', repo), `${FIXTURE_REF}\n`);
  // The files of the worker threads have another name in the built package.
  assert.match(await treeport('repo', 'fsck', '--repo', repo), /^\d+ objects of 1 commits are good\n$/);

  const image = `oci:${join(workplace, 'mirror')}`;
  const digest = /^sha256:[0-9a-f]{64}\n$/;
  assert.match(await treeport('mirror', 'build', '--quiet', '--repo', repo, FIXTURE_REF, image), digest);
  assert.match(await treeport('container', 'info', image), new RegExp(`^Commit: +${FIXTURE_COMMIT}$`, 'm'));

  const script =
    "import { listHeads, openRepository } from 'treeport'; console.log(JSON.stringify([...await listHeads(await openRepository(process.argv[2]))]));";
  await writeFile(join(folder, 'library.mjs'), script);
  const { stdout } = await run(process.execPath, [join(folder, 'library.mjs'), repo]);
  assert.deepEqual(JSON.parse(stdout), [[FIXTURE_REF, FIXTURE_COMMIT]]);
});

test('the installed command imports, on several threads', {
  skip: unlessInstalled('ostree', 'git'),
}, async (t) => {
  const { workplace, treeport, repo } = await installed(t);
  const image = `oci:${join(workplace, 'image')}`;
  const imported = join(workplace, 'imported');
  await treeport('container', 'encapsulate', '--quiet', '--repo', repo, FIXTURE_REF, image);
  await run('ostree', [`--repo=${imported}`, 'init', '--mode=archive']);
  await treeport('container', 'unencapsulate', '--quiet', '--unverified', '--repo', imported, image);
  await run('ostree', [`--repo=${imported}`, 'fsck', FIXTURE_COMMIT]);
});
