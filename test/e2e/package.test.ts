/** What `npm run package` packs for npm, installed in an empty folder, under several Nodes. */
import assert from 'node:assert/strict';
import { existsSync, globSync, lstatSync, readdirSync } from 'node:fs';
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { RUNTIME_TOOLS } from '../../src/base/package-directory.ts';
import { VERSION } from '../../src/base/version.ts';
import { readElf } from '../../src/mirror/runtime/elf.ts';
import { LIBDEFLATE, TOOL_SOURCES } from '../../src/native/deflate/libdeflate.ts';
import { libraryExample } from '../support/library-example.ts';
import { loadedModules } from '../support/loaded-modules.ts';
import { FIXTURE_COMMIT, FIXTURE_REF, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { projectText, ROOT } from '../support/project.ts';
import { must, run } from './support/run.ts';
import { shared, tempDir } from './support/scratch.ts';

const skip = unlessInstalled('git', 'dpkg-deb');
const MAX_BYTES = 15e6;
/** Of `treeport/ostree`: itself and chunks. */
const MAX_FILES = 8;
const OLD_NODES = ['node18', 'node20'];
const LINTERS = join(ROOT, 'test/package-lint/node_modules');
const DIGEST = /^sha256:[0-9a-f]{64}\n$/;

/** Without what an npm that runs these tests has put into the environment. */
const PLAIN = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith('npm_'))
    .map((name) => [name, '']),
);

/** Packs a clean clone, which has nothing that was built and nothing that git does not know. */
async function pack(workplace: string): Promise<readonly string[]> {
  const clone = join(workplace, 'project');
  const files = await must(['git', 'ls-files', '-z'], { cwd: ROOT });
  for (const file of files.split('\0').filter((name) => name !== ''))
    await cp(join(ROOT, file), join(clone, file));
  await symlink(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const words = ['run', '--silent', 'package', '--', '--only', 'npm', '--pack-destination', workplace];
  return (await must(['npm', ...words], { cwd: clone, env: PLAIN })).split('\n');
}

type Installed = { readonly folder: string; readonly output: string };

/** Installs the packages into empty folders: with the runtime of this machine, and without any. */
function installed() {
  return shared('installed-package', async (workplace) => {
    const packed = await pack(workplace);
    const runtime = packed.find((path) => path.includes(`runtime-linux-${process.arch}`)) ?? '';
    const library = packed.find((path) => path.endsWith(`/treeport-${VERSION}.tgz`)) ?? '';
    const install = async (name: string, ...packages: readonly string[]): Promise<Installed> => {
      const folder = join(workplace, name);
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), '{}');
      const words = ['npm', 'install', '--ignore-scripts', '--prefer-offline', ...packages];
      return { folder, output: await must(words, { cwd: folder, env: PLAIN }) };
    };
    return {
      packed,
      library,
      whole: await install('whole', library, runtime),
      bare: await install('bare', library),
    };
  });
}

async function newRepo(t: TestContext) {
  const workplace = await tempDir(t);
  const repo = join(workplace, 'repo');
  await writeOstreeFixture(repo);
  return { workplace, repo };
}

function commandIn({ folder }: Installed): string {
  return join(folder, 'node_modules/treeport/dist/bin/treeport.cjs');
}

/** Runs the installed command, under another Node than this one if one is given. */
function treeportIn(installed: Installed, node: string = process.execPath) {
  return async (...words: readonly string[]) => `${await must([node, commandIn(installed), ...words])}\n`;
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true })
    .map((name) => lstatSync(join(folder, String(name))))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

test('the npm package installs in an empty folder, and its command works there', { skip }, async (t) => {
  const { whole } = await installed();
  const { workplace, repo } = await newRepo(t);
  const treeport = async (...words: readonly string[]) =>
    `${await must(['npx', 'treeport', ...words], { cwd: whole.folder, env: PLAIN })}\n`;
  assert.equal(await treeport('--version'), `${VERSION}\n`);
  assert.match(await treeport('--help'), /^Usage: treeport /);
  assert.equal(await treeport('repo', 'refs', '--repo', repo), `${FIXTURE_REF}\n`);
  // The files of the worker threads have another name in the built package.
  assert.match(await treeport('repo', 'fsck', '--repo', repo), /^\d+ objects of 1 commits are good\n$/);

  const image = `oci:${join(workplace, 'mirror')}`;
  assert.match(await treeport('mirror', 'build', '--quiet', '--repo', repo, FIXTURE_REF, image), DIGEST);
  assert.match(await treeport('container', 'info', image), new RegExp(`^Commit: +${FIXTURE_COMMIT}$`, 'm'));

  const script =
    "import { listHeads, openRepository } from 'treeport'; console.log(JSON.stringify([...await listHeads(await openRepository(process.argv[2]))]));";
  const file = join(whole.folder, 'library.mjs');
  await writeFile(file, script);
  const heads = await must([process.execPath, file, repo], { cwd: whole.folder });
  assert.deepEqual(JSON.parse(heads), [[FIXTURE_REF, FIXTURE_COMMIT]]);
});

/** Runs a program in the folder with the package. */
async function programIn({ folder }: Installed, name: string, code: string, ...words: readonly string[]) {
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, code);
  return must([process.execPath, file, ...words], { cwd: folder });
}

test('the examples of the library run with the installed package, on several threads', {
  skip: skip || unlessInstalled('ostree'),
}, async (t) => {
  const { whole } = await installed();
  const { workplace, repo } = await newRepo(t);
  const example = (name: string, heading: string, ...words: readonly string[]) =>
    programIn(whole, name, libraryExample(heading), ...words);
  const image = `oci:${join(workplace, 'image')}`;
  const pushed = await example('push', 'Encapsulate a commit and push the image', repo, FIXTURE_REF, image);
  assert.match(`${pushed}\n`, DIGEST);
  const client = join(workplace, 'client');
  await must(['ostree', `--repo=${client}`, 'init', '--mode=archive']);
  const reference = `ostree-unverified-image:${image}`;
  const imported = await example('import', 'Import an image and verify it', reference, client, 'imported');
  assert.equal(imported, `${FIXTURE_COMMIT} verified signatures: 0`);
});

test('to read repositories the library loads few files and no package', { skip }, async () => {
  const { whole } = await installed();
  const urls = await loadedModules('treeport/ostree', whole.folder);
  const files = urls.filter((url) => !url.startsWith('node:'));
  assert.ok(files.length <= MAX_FILES, files.join(' '));
  for (const file of files) assert.ok(file.includes('/node_modules/treeport/dist/library/'), file);
});

test('publint and arethetypeswrong find nothing in the npm package', {
  skip: skip || (existsSync(LINTERS) ? false : 'publint is not installed (npm test installs it)'),
}, async () => {
  const { library } = await installed();
  const lint = (program: string, ...words: readonly string[]) =>
    must([process.execPath, join(LINTERS, program), library, ...words]);
  await lint('publint/src/cli.js', '--strict');
  // The package has ES modules only, which programs of CommonJS import with `import()`.
  const words = ['--profile', 'esm-only', '--format', 'json'];
  const { analysis } = JSON.parse(await lint('@arethetypeswrong/cli/dist/index.js', ...words));
  const { exports } = JSON.parse(projectText('package.json'));
  assert.deepEqual(Object.keys(analysis.entrypoints).toSorted(), Object.keys(exports).toSorted());
});

test('the installed command imports, on several threads', {
  skip: skip || unlessInstalled('ostree'),
}, async (t) => {
  const { workplace, repo } = await newRepo(t);
  const treeport = treeportIn((await installed()).whole);
  const image = `oci:${join(workplace, 'image')}`;
  const imported = join(workplace, 'imported');
  await treeport('container', 'encapsulate', '--quiet', '--repo', repo, FIXTURE_REF, image);
  await must(['ostree', `--repo=${imported}`, 'init', '--mode=archive']);
  await treeport('container', 'unencapsulate', '--quiet', '--unverified', '--repo', imported, image);
  await must(['ostree', `--repo=${imported}`, 'fsck', FIXTURE_COMMIT]);
});

test('it leaves the Node of a project alone, and is small without a runtime', { skip }, async () => {
  const { whole, bare } = await installed();
  for (const { folder } of [whole, bare]) {
    assert.equal(existsSync(join(folder, 'node_modules/.bin/node')), false);
    assert.equal(existsSync(join(folder, 'node_modules/.bin/treeport')), true);
  }
  assert.deepEqual(globSync('node_modules/treeport-runtime-*', { cwd: bare.folder }), []);
  const bytes = bytesIn(join(bare.folder, 'node_modules/treeport'));
  assert.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
});

test('each runtime is for its platform only, and says what it was made of', { skip }, async (t) => {
  const { packed } = await installed();
  const runtimes = packed.filter((path) => path.includes('runtime-linux'));
  assert.equal(runtimes.length, 2);
  for (const path of runtimes) {
    const [, architecture] = /runtime-linux-(\w+)-/.exec(path) ?? [];
    const folder = await tempDir(t);
    await must(['tar', '-xzf', path, '-C', folder]);
    const read = (name: string) => must(['cat', join(folder, 'package', name)]);
    const { os, cpu, libc, bin, scripts } = JSON.parse(await read('package.json'));
    assert.deepEqual({ os, cpu, libc }, { os: ['linux'], cpu: [architecture], libc: ['glibc'] });
    assert.deepEqual([bin, scripts], [undefined, undefined]);
    const names = JSON.parse(await read('runtime/sources.json')).map(({ name }: { name: string }) => name);
    assert.ok(names.includes(`node-linux-${architecture}`), names.join(' '));
    assert.equal(lstatSync(join(folder, 'package/runtime/bin/node')).mode & 0o777, 0o755);
    const tools = join(folder, 'package/runtime', RUNTIME_TOOLS);
    const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };
    assert.equal(readElf(join(tools, LIBDEFLATE)).machine, machines[architecture ?? '']);
    const [{ name }] = JSON.parse(await must(['cat', join(tools, TOOL_SOURCES)]));
    assert.equal(name, `libdeflate0:${architecture === 'x64' ? 'amd64' : architecture}`);
  }
});

test('without the runtime a line says that layers have other digests', { skip }, async (t) => {
  const { whole, bare } = await installed();
  const { workplace, repo } = await newRepo(t);
  const image = `oci:${join(workplace, 'image')}`;
  const words = ['container', 'encapsulate', '--repo', repo, FIXTURE_REF, image];
  const note = `layers are compressed by zlib, more slowly and with other digests than where the package treeport-runtime-linux-${process.arch} is installed`;
  const stderrOf = async (from: Installed, ...more: readonly string[]) =>
    (await run([process.execPath, commandIn(from), ...words, ...more])).stderr;
  assert.ok((await stderrOf(bare)).startsWith(`treeport: ${note}\n`));
  assert.ok(!(await stderrOf(bare, '--compression', 'zstd')).includes(note));
  assert.equal(await stderrOf(bare, '--quiet'), '');
  assert.ok(!(await stderrOf(whole)).includes(note));
});

for (const name of OLD_NODES) {
  const node = join(ROOT, `test/old-nodes/node_modules/${name}-linux-${process.arch}/bin/node`);
  const isHere = existsSync(node) ? false : `${name} is not installed (npm test installs it)`;

  test(`under ${name} the command takes the runtime’s Node`, { skip: skip || isHere }, async (t) => {
    const { workplace, repo } = await newRepo(t);
    const treeport = treeportIn((await installed()).whole, node);
    assert.equal(await treeport('--version'), `${VERSION}\n`);
    const image = `oci:${join(workplace, 'image')}`;
    assert.match(
      await treeport('container', 'encapsulate', '--quiet', '--repo', repo, FIXTURE_REF, image),
      DIGEST,
    );
    const outcome = await run([node, commandIn((await installed()).whole), 'nonsense']);
    assert.deepEqual([outcome.status, outcome.stdout], [2, '']);
    assert.match(outcome.stderr, /^treeport: ERR_USAGE: [^\n]+\n$/);
  });

  test(`under ${name} without a runtime it says what it needs`, { skip: skip || isHere }, async () => {
    const { bare } = await installed();
    const { status, stdout, stderr } = await run([node, commandIn(bare), '--version']);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^treeport: ERR_NODE_VERSION: treeport needs Node 24 or newer, [^\n]+\n$/);
  });
}
