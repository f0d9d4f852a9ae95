import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { VERSION } from '../../src/base/version.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';

const CLI = join(import.meta.dirname, '../../src/cli.ts');

function treeport(...args: readonly string[]) {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
}

test('--version and --help print on stdout and succeed', () => {
  const version = treeport('--version');
  assert.deepEqual([version.status, version.stdout, version.stderr], [0, `${VERSION}\n`, '']);
  const help = treeport('--help');
  assert.equal(help.status, 0);
  assert.match(help.stdout, /^Usage: treeport /);
});

test('-v and -V are --version', () => {
  for (const option of ['-v', '-V']) assert.equal(treeport(option).stdout, `${VERSION}\n`, option);
});

test('help shows what --help shows, of everything, a group or a verb', () => {
  for (const words of [[], ['repo'], ['repo', 'ls'], ['container', 'import'], ['serve'], ['help']]) {
    const { status, stdout } = treeport('help', ...words);
    assert.deepEqual([status, stdout], [0, treeport(...words, '--help').stdout], words.join(' '));
    assert.match(stdout, /^Usage: treeport /);
  }
});

test('a command line without a verb shows the help on stderr with status 2', () => {
  for (const args of [[], ['repo']]) {
    const result = treeport(...args);
    assert.deepEqual([result.status, result.stdout], [2, '']);
    assert.match(result.stderr, /^Usage: treeport /);
  }
});

test('a wrong command line is one ERR_USAGE line with status 2', () => {
  for (const args of [
    ['sing'],
    ['repo', 'refz', '--repo', '/'],
    ['repo', 'refs'],
    ['repo', 'refs', '--repo'],
    ['repo', 'refs', '--repo', '/', '--loud'],
    ['repo', 'refs', '--repo', '/', 'one', 'too', 'many'],
  ]) {
    const result = treeport(...args);
    assert.deepEqual([result.status, result.stdout], [2, ''], args.join(' '));
    assert.match(result.stderr, /^treeport: ERR_USAGE: [^\n]+\n$/, args.join(' '));
  }
});

test('what is misspelt is named, before what is missing, with what was meant', () => {
  const unknown = (word: string) => `unknown command '${word}'`;
  for (const [args, message] of [
    ['sing', `${unknown('sing')}; did you mean sign?`],
    ['repo refz --repo /', `${unknown('refz')}; did you mean refs?`],
    ['container imoprt x', `${unknown('imoprt')}; did you mean import?`],
    ['encapsulate', `${unknown('encapsulate')}; did you mean treeport container encapsulate?`],
    [
      'repo diff',
      `${unknown('diff')}; did you mean treeport snapshot diff, treeport packages diff or treeport diff?`,
    ],
    ['qqqq', unknown('qqqq')],
    ['help repp', `${unknown('repp')}; did you mean repo?`],
    ['help repo ls x', unknown('x')],
    ['repo refs --repoo /', "unknown option '--repoo'; did you mean --repo?"],
    ['repo refs --repoo=/', "unknown option '--repoo'; did you mean --repo?"],
    ['repo refs --repo / --revison', "unknown option '--revison'; did you mean --revision?"],
    ['repo refs --repo / -z', "unknown option '-z'"],
    ['repo refs --loud', "unknown option '--loud'"],
    ['repo refs', "required option '--repo <path>' not specified"],
    ['repo ls --repo /', "missing required argument 'revision'"],
  ] as const) {
    const { status, stderr } = treeport(...args.split(' '));
    assert.equal(stderr.replace(' (see --help)', ''), `treeport: ERR_USAGE: ${message}\n`, args);
    assert.equal(status, 2);
  }
});

test('a coded error is one line with its code and status 1', async (t) => {
  const empty = await mkdtemp(join(tmpdir(), 'treeport-run-'));
  t.after(() => rm(empty, { recursive: true }));
  const result = treeport('repo', 'refs', '--repo', empty);
  assert.deepEqual([result.status, result.stdout], [1, '']);
  assert.match(result.stderr, /^treeport: ERR_REPO_MISSING: [^\n]+\n$/);
});

test('a command that waits for nothing that can come is an error', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'treeport-run-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeOstreeFixture(join(folder, 'repo'));
  // The output never drains.
  const program = `
    import { run } from ${JSON.stringify(import.meta.resolve('../../src/cli/run.ts'))};
    process.stdout.write = () => false;
    void run(['repo', 'refs', '--repo', ${JSON.stringify(join(folder, 'repo'))}]);`;
  await writeFile(join(folder, 'program.mjs'), program);
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'program.mjs')], { encoding: 'utf8' });
  assert.deepEqual(
    [status, stderr],
    [1, 'treeport: ERR_INTERNAL: the process ended before its work was done\n'],
  );
});

test('a reader that goes away ends the command quietly', async () => {
  const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (part: Buffer) => errors.push(part));
  child.stdout.destroy();
  const [status] = await once(child, 'close');
  assert.deepEqual([status, Buffer.concat(errors).toString()], [0, '']);
});
