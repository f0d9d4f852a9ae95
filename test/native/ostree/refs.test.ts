import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { checkRefs } from '../../../src/native/ostree/refs.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { coded } from '../../support/expect.ts';
import { inMountNamespace, unlessNamespaces } from '../../support/mount-namespace.ts';
import { unlessRoot } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';

/** The refs of a repository: `os`, `a/b`, `origin:os`, and `alias`, an alias of `os`. */
async function refsRepo(t: Parameters<typeof tempDir>[0]): Promise<string> {
  const repo = await tempDir(t);
  for (const folder of ['refs/heads/a', 'refs/remotes/origin', 'refs/mirrors'])
    mkdirSync(join(repo, folder), { recursive: true });
  for (const ref of ['refs/heads/os', 'refs/heads/a/b', 'refs/remotes/origin/os'])
    writeFileSync(join(repo, ref), `${'a'.repeat(64)}\n`);
  symlinkSync('os', join(repo, 'refs/heads/alias'));
  return repo;
}

test('refs that exist, are new, or need directories can be set', async (t) => {
  const repo = await refsRepo(t);
  checkRefs(repo, [
    'os',
    'a/b',
    'a/c',
    'new',
    'new-directory/in/it',
    'alias',
    'origin:os',
    'other:os',
    'os.new',
  ]);
  checkRefs(repo, []);
  assert.deepEqual(readdirSync(join(repo, 'refs/heads')).toSorted(), ['a', 'alias', 'os']);
});

for (const [ref, ...words] of [
  ['os/new', 'refs/heads/os is a ref'],
  ['os/new/er', 'refs/heads/os is a ref'],
  ['alias/new', 'refs/heads/alias is a ref'],
  ['a', 'refs/heads/a is a directory'],
  ['origin:os/new', 'refs/remotes/origin/os is a ref'],
] as const) {
  test(`the ref ${ref} conflicts with others`, async (t) => {
    const repo = await refsRepo(t);
    assert.throws(() => checkRefs(repo, ['fine', ref]), coded('ERR_REF_CONFLICT', ref, ...words));
  });
}

test('refs that are set together can conflict as well', async (t) => {
  const repo = await refsRepo(t);
  for (const refs of [
    ['x', 'x/y'],
    ['x/y/z', 'x'],
  ])
    assert.throws(() => checkRefs(repo, refs), coded('ERR_REF_CONFLICT', 'x'));
  checkRefs(repo, ['x', 'x', 'xy', 'y/x']);
});

test('invalid names, and names too long for a file', async (t) => {
  const repo = await refsRepo(t);
  const long = 'n'.repeat(256);
  for (const ref of [
    '../x',
    '',
    'a//b',
    long,
    `x/${long}`,
    'ä'.repeat(128),
    'deep/'.repeat(1000).slice(0, -1),
  ])
    assert.throws(() => checkRefs(repo, [ref]), coded('ERR_REF_SYNTAX'), ref.slice(0, 20));
  checkRefs(repo, ['n'.repeat(255)]);
});

test('refs that cannot be written', { skip: unlessRoot() === false && 'root may write' }, async (t) => {
  const repo = await refsRepo(t);
  chmodSync(join(repo, 'refs/heads'), 0o555);
  assert.throws(() => checkRefs(repo, ['new']), coded('ERR_REPO_READ_ONLY', 'new', 'refs/heads'));
  chmodSync(join(repo, 'refs/heads'), 0o755);
});

test('refs on a read-only file system', { skip: unlessNamespaces() }, async (t) => {
  const repo = await refsRepo(t);
  const program = `
    const { checkRefs } = await import('${join(ROOT, 'src/native/ostree/refs.ts')}');
    try { checkRefs('${repo}', ['new']); } catch (error) { console.log(error.code, error.message); }`;
  const commands =
    'mount --bind "$1/refs" "$1/refs"; mount -o remount,ro,bind "$1/refs"; "$2" --input-type=module -e "$3"';
  const { stdout } = await inMountNamespace(commands, repo, process.execPath, program);
  assert.match(
    stdout,
    /^ERR_REPO_READ_ONLY the ref new cannot be set: \S+\/refs\/heads cannot be written\n$/,
  );
});
