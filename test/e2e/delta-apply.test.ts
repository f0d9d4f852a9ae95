/** Static deltas that the real ostree makes are applied to repositories of every mode that can hold them. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseChecksum } from '../../src/ostree/checksum.ts';
import { deltaDirectory } from '../../src/ostree/delta-name.ts';
import { deltaFixturePath, deltaRepository } from '../support/delta-fixtures.ts';
import { unlessInstalled } from '../support/programs.ts';
import { newRepo, ostreeFsck, treeListing } from './support/import-repo.ts';
import { must, mustTreeport, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessInstalled('ostree');
const MODES = ['bare', 'bare-user', 'archive'] as const;
const C1 = parseChecksum('1b43ca6712b4c159b80f6a938e1fd9eda8c9497e19b8275b340317269d098b74');
const C2 = parseChecksum('3ce869163252cfd5acbf9201463bb928102692d63125bae587d87b386f8017bf');

const DELTAS: Readonly<Record<string, readonly string[]>> = {
  scratch: ['--empty'],
  'scratch in parts': ['--empty', '--max-chunk-size=1', '--set-endianness=B'],
  'from-to': [`--from=${C1}`],
  'inline, big-endian': [`--from=${C1}`, '--inline', '--set-endianness=B'],
  'without bsdiff': [`--from=${C1}`, '--disable-bsdiff'],
};

/** A repository of the mode with C1. */
async function client(folder: string, mode: (typeof MODES)[number], source: string): Promise<string> {
  const repo = await newRepo(join(folder, mode), mode);
  await must(['ostree', `--repo=${repo}`, 'pull-local', source, C1]);
  return repo;
}

function objectFiles(repo: string): readonly string[] {
  return readdirSync(join(repo, 'objects'), { recursive: true }).map(String).toSorted();
}

async function generate(source: string, folder: string, words: readonly string[]): Promise<string> {
  const file = join(folder, 'superblock');
  mkdirSync(folder, { recursive: true });
  const command = ['ostree', `--repo=${source}`, 'static-delta', 'generate', `--to=${C2}`, ...words];
  await must([...command, `--filename=${file}`]);
  return file;
}

for (const [name, words] of Object.entries(DELTAS)) {
  test(`a delta of ostree is applied: ${name}`, { skip }, async (t) => {
    const source = deltaRepository(t);
    const folder = await tempDir(t);
    const file = await generate(source, join(folder, 'delta'), ['--min-fallback-size=0', ...words]);
    for (const mode of MODES) {
      const repo = await client(folder, mode, source);
      assert.match(await mustTreeport(['delta', 'verify', '--repo', repo, file]), /are good$/);
      assert.equal(await mustTreeport(['delta', 'apply', '--repo', repo, file]), `Applied: ${C2}`);
      await ostreeFsck(repo);
      assert.equal(await treeListing(repo, C2), await treeListing(source, C2));
    }
  });
}

test('deltas that ostree takes only with effort are applied: several sources, one of the same part', {
  skip,
}, async (t) => {
  const source = deltaRepository(t);
  for (const fixture of ['multisource', 'selfsource', 'xz-multiblock']) {
    const repo = await client(await tempDir(t), 'archive', source);
    await mustTreeport(['delta', 'apply', '--repo', repo, deltaFixturePath(`crafted/${fixture}`)]);
    await ostreeFsck(repo);
    assert.equal(await treeListing(repo, C2), await treeListing(source, C2));
  }
});

test('a delta in the repository is applied by name; its objects are there already', { skip }, async (t) => {
  const source = deltaRepository(t);
  await mustTreeport(['delta', 'apply', '--repo', source, `${C1}-${C2}`]);
  await ostreeFsck(source);
});

test('a delta with fallbacks needs them in the repository', { skip }, async (t) => {
  const source = deltaRepository(t);
  const folder = await tempDir(t);
  const file = await generate(source, join(folder, 'delta'), [`--from=${C1}`, '--min-fallback-size=1']);
  const repo = await client(folder, 'archive', source);
  await refused(repo, file, 'ERR_DELTA_INCOMPLETE');
  const object = 'objects/3d/a1fcc36b545328b65cb5a81736afa446fccd481238396600b92214ca413162.filez';
  mkdirSync(join(repo, 'objects/3d'), { recursive: true });
  cpSync(join(source, object), join(repo, object));
  await mustTreeport(['delta', 'apply', '--repo', repo, file]);
  await ostreeFsck(repo);
});

test('what cannot be applied whole leaves nothing behind', { skip }, async (t) => {
  const source = deltaRepository(t);
  const folder = await tempDir(t);
  const repo = await client(folder, 'bare-user', source);
  for (const [fixture, code] of [
    ['badoffset', 'ERR_DELTA_CORRUPT'],
    ['missingop', 'ERR_DELTA_CORRUPT'],
    ['notnormal', 'ERR_DELTA_CORRUPT'],
    ['version1', 'ERR_DELTA_VERSION'],
    ['wrongcontent', 'ERR_DELTA_CORRUPT'],
    ['wrongsum', 'ERR_DELTA_PART'],
    ['xz-twostreams', 'ERR_DELTA_CORRUPT'],
  ] as const)
    await refused(repo, deltaFixturePath(`crafted/${fixture}`), code);
  const empty = await newRepo(join(folder, 'empty'), 'archive');
  await refused(empty, deltaFixturePath('variants/from-to-inline'), 'ERR_DELTA_BASE');
  await mustTreeport(['delta', 'apply', '--repo', repo, deltaFixturePath('variants/from-to-inline')]);
  await ostreeFsck(repo);
});

test('a repository that requires signed deltas takes no others', { skip }, async (t) => {
  const source = deltaRepository(t);
  const folder = await tempDir(t);
  const repo = await client(folder, 'bare-user', source);
  await must(['ostree', `--repo=${repo}`, 'config', 'set', 'core.sign-verify-deltas', 'true']);
  const signed = deltaFixturePath('variants/from-to-signed-ed25519-by-hand');
  await refused(repo, signed, 'ERR_NO_KEYS');
  const keys = join(folder, 'keys');
  writeFileSync(keys, 'ebVWLo/mVPlAeLES6KmLp5AfhTrmlb7X4OORC60ElmQ=\n');
  const unsigned = deltaFixturePath('variants/from-to-inline');
  await refused(repo, unsigned, 'ERR_SIGNATURE_MISSING', '--keys-file', keys);
  await mustTreeport(['delta', 'apply', '--repo', repo, signed, '--keys-file', keys]);
  await ostreeFsck(repo);
});

test('an indexed delta that is damaged at any byte is refused', { skip }, async (t) => {
  const repo = deltaRepository(t);
  await must(['ostree', `--repo=${repo}`, 'static-delta', 'reindex']);
  const directory = join(repo, deltaDirectory({ from: C1, to: C2 }));
  for (const [file, at] of [
    ['superblock', 0],
    ['superblock', 50],
    ['superblock', 859],
    ['0', 0],
    ['0', 10_000],
    ['0', 20_396],
  ] as const) {
    const path = join(directory, file);
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    writeFileSync(path, damaged);
    await refused(repo, `${C1}-${C2}`, 'ERR_DELTA');
    writeFileSync(path, whole);
  }
  await mustTreeport(['delta', 'apply', '--repo', repo, `${C1}-${C2}`]);
});

test('objects of all sizes are applied from many parts, and none if one part is bad', { skip }, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  mkdirSync(tree);
  const large = Array.from({ length: 700_000 }, (_, line) => `line ${line}\n`).join('');
  // More than a batch of the threads that apply, and more than the block of those that write.
  for (const bytes of [0, 1_048_576, 1_048_577, 3_000_000, 6_000_000])
    writeFileSync(join(tree, `${bytes}`), large.slice(0, bytes));
  for (let file = 0; file < 300; file++) writeFileSync(join(tree, `small-${file}`), `file ${file}\n`);
  symlinkSync('small-1', join(tree, 'link'));
  const source = await newRepo(join(folder, 'source'), 'archive');
  const commit = await must(['ostree', `--repo=${source}`, 'commit', '--branch=os', `--tree=dir=${tree}`]);
  const file = join(folder, 'superblock');
  const options = ['--empty', '--min-fallback-size=0', '--max-chunk-size=2', `--filename=${file}`];
  await mustTreeport(['delta', 'generate', '--quiet', '--repo', source, ...options, commit]);
  const damaged = join(folder, '3');
  const whole = readFileSync(damaged);
  for (const mode of MODES) {
    const repo = await newRepo(join(folder, mode), mode);
    writeFileSync(damaged, Buffer.from(whole).fill(0, 200, 210));
    await refused(repo, file, 'ERR_DELTA_PART');
    writeFileSync(damaged, whole);
    assert.equal(await mustTreeport(['delta', 'apply', '--repo', repo, file]), `Applied: ${commit}`);
    await ostreeFsck(repo);
    assert.equal(await treeListing(repo, commit), await treeListing(source, commit));
  }
});

async function refused(
  repo: string,
  delta: string,
  code: string,
  ...words: readonly string[]
): Promise<void> {
  const before = objectFiles(repo);
  const { status, stderr } = await treeport(['delta', 'apply', '--repo', repo, delta, ...words]);
  assert.equal(status, 1, stderr);
  assert.ok(stderr.includes(code), stderr);
  assert.deepEqual(objectFiles(repo), before);
}
