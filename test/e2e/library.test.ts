/** Runs the examples of docs/library.md as they are there, against the sources. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { libraryExample } from '../support/library-example.ts';
import { FIXTURE_COMMIT, FIXTURE_REF, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { ROOT } from '../support/project.ts';
import { newRepo, ostreeFsck } from './support/import-repo.ts';
import { start, whenAnswering } from './support/processes.ts';
import { must } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessInstalled('ostree');

/** Lets `treeport/NAME` be the module of the sources, and `fastify` the installed one. */
const HOOKS = `import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    const [, name] = /^treeport\\/(\\w+)$/.exec(specifier) ?? [];
    if (name) return next('${ROOT}/src/library/' + name + '.ts', context);
    if (specifier === 'fastify') return next(specifier, { ...context, parentURL: 'file://${ROOT}/package.json' });
    return next(specifier, context);
  },
});`;

/** The command line of the example below this heading. */
async function example(t: TestContext, heading: string, ...words: readonly string[]) {
  return written(t, libraryExample(heading), ...words);
}

/** The command line of a program. */
async function written(t: TestContext, code: string, ...words: readonly string[]) {
  const folder = await tempDir(t);
  await writeFile(join(folder, 'example.mjs'), code);
  await writeFile(join(folder, 'hooks.mjs'), HOOKS);
  return [process.execPath, '--import', join(folder, 'hooks.mjs'), join(folder, 'example.mjs'), ...words];
}

async function source(t: TestContext): Promise<string> {
  return (await writeOstreeFixture(join(await tempDir(t), 'repo'))).path;
}

test('encapsulate and push, import and verify', { skip }, async (t) => {
  const folder = await tempDir(t);
  const image = `oci:${join(folder, 'image')}`;
  const push = await example(
    t,
    'Encapsulate a commit and push the image',
    await source(t),
    FIXTURE_REF,
    image,
  );
  assert.match(await must(push), /^sha256:[0-9a-f]{64}$/);

  const client = await newRepo(join(folder, 'client'));
  const words = [`ostree-unverified-image:${image}`, client, 'imported'];
  const imported = await must(await example(t, 'Import an image and verify it', ...words));
  assert.equal(imported, `${FIXTURE_COMMIT} verified signatures: 0`);
  await ostreeFsck(client);
});

test('serve in one’s own app', { skip }, async (t) => {
  const port = String(await freePort());
  const words = await example(t, 'Serve a repository in your own Fastify app', await source(t), port);
  await whenAnswering(`http://127.0.0.1:${port}/os/readyz`, start(t, words));
  const client = await newRepo(join(await tempDir(t), 'client'));
  const url = `http://127.0.0.1:${port}/os/repo`;
  await must(['ostree', `--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'os', url]);
  await must(['ostree', `--repo=${client}`, 'pull', 'os', FIXTURE_REF]);
});

test('list and read files', { skip }, async (t) => {
  const repo = await source(t);
  const listed = await must(['ostree', `--repo=${repo}`, 'ls', '-R', '--nul-filenames-only', FIXTURE_REF]);
  const paths = listed.split('\0').filter((path) => path !== '');
  const files = await must(['ostree', `--repo=${repo}`, 'ls', '-R', FIXTURE_REF]);
  const [, path = ''] = /^-\S+ +\d+ +\d+ +[1-9]\d* (\/\S+)$/m.exec(files) ?? [];
  const text = await must(['ostree', `--repo=${repo}`, 'cat', FIXTURE_REF, path]);
  const output = await must(await example(t, 'List and read files of a commit', repo, FIXTURE_REF, path));
  for (const each of paths) assert.ok(output.includes(each), each);
  assert.ok(output.endsWith(text), output);
});

/** A program that reads a file of a repository without a reader of extended attributes. */
const CAREFUL = `import { isTreeportError, openRepository, parseChecksum } from 'treeport/ostree';
for (const attempt of [
  async () => parseChecksum('main'),
  async () => (await openRepository(process.argv[2])).objects.content(process.argv[3]),
]) await attempt().catch((error) => console.log(isTreeportError(error), error.code));`;

test('errors have codes: of a bad checksum, of attributes without a reader', { skip }, async (t) => {
  const folder = await tempDir(t);
  const repo = await newRepo(join(folder, 'repo'), 'bare-user');
  await must(['ostree', `--repo=${repo}`, 'pull-local', await source(t)]);
  const files = await must(['ostree', `--repo=${repo}`, 'ls', '-RC', FIXTURE_COMMIT]);
  const [, file = ''] = /^-.* ([0-9a-f]{64}) /m.exec(files) ?? [];
  const program = await written(t, CAREFUL, repo, file);
  assert.equal(await must(program), 'true ERR_CHECKSUM_SYNTAX\ntrue ERR_XATTRS_UNSUPPORTED');
});
