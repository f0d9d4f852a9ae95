/**
 * Commits come back out of tar streams, losslessly: ostree finds them whole, and they go out again as they
 * came.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { FIXTURE_COMMIT } from '../support/ostree-fixture.ts';
import { newRepo, ostreeFsck, signaturesOf, treeListing } from './support/import-repo.ts';
import { osRepo, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 300_000;
const GOLDEN = join(import.meta.dirname, '../fixtures/golden/fixture-whole-commit-simplemeta.tar.gz');

for (const mode of ['bare', 'archive', 'bare-user'] as const) {
  test(`a tar stream of an OS is imported into a ${mode} repository and exported again`, {
    skip,
    timeout,
  }, async (t) => {
    const folder = await tempDir(t);
    const { path: from, commit } = await osRepo();
    const repo = await newRepo(join(folder, 'repo'), mode);
    const [first, second] = [join(folder, '1.tar'), join(folder, '2.tar')];
    await mustTreeport(['tar', 'export', '--repo', from, commit, '-o', first]);
    const words = ['tar', 'import', '--repo', repo, '--write-ref', 'os', first];
    assert.equal(await mustTreeport(words), `Imported: ${commit}`);
    await ostreeFsck(repo);
    assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os']), commit);
    assert.equal(await treeListing(repo, commit), await treeListing(from, commit));
    assert.equal(await signaturesOf(repo, commit), await signaturesOf(from, commit));
    await mustTreeport(['tar', 'export', '--repo', repo, 'os', '-o', second]);
    await must(['cmp', first, second]);
  });
}

test('a commit that needs no rights goes into a bare-user-only repository and out again', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const tree = join(folder, 'tree');
  await must(['mkdir', '-p', join(tree, 'usr/bin')]);
  writeFileSync(join(tree, 'usr/bin/x'), 'x'.repeat(300_000));
  const from = await newRepo(join(folder, 'from'));
  const commit = await must([
    ...['ostree', `--repo=${from}`, 'commit', '--branch=x', `--tree=dir=${tree}`],
    ...['--canonical-permissions', '--no-xattrs'],
  ]);
  const repo = await newRepo(join(folder, 'repo'), 'bare-user-only');
  const [first, second] = [join(folder, '1.tar'), join(folder, '2.tar')];
  await mustTreeport(['tar', 'export', '--repo', from, commit, '-o', first]);
  await mustTreeport(['tar', 'import', '--repo', repo, first]);
  await ostreeFsck(repo);
  await mustTreeport(['tar', 'export', '--repo', repo, commit, '-o', second]);
  await must(['cmp', first, second]);
});

test('a compressed stream is imported: gzip of one or more members, zstd, and from stdin', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const tar = gunzipSync(readFileSync(GOLDEN));
  const half = tar.length >> 1;
  const streams = {
    plain: tar,
    gzip: gzipSync(tar),
    members: Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]),
    zstd: zstdCompressSync(tar),
  };
  for (const [name, bytes] of Object.entries(streams)) {
    const repo = await newRepo(join(folder, name));
    const input = { input: bytes };
    assert.equal(await mustTreeport(['tar', 'import', '--repo', repo], input), `Imported: ${FIXTURE_COMMIT}`);
    await ostreeFsck(repo);
  }
});

test('a stream that is cut off, damaged or no stream leaves the repository as it was', {
  skip,
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const repo = await newRepo(join(folder, 'repo'));
  const gzip = readFileSync(GOLDEN);
  const tar = gunzipSync(gzip);
  const file = join(folder, 'stream');
  const untouched = [join(repo, 'objects'), join(repo, 'refs'), join(repo, 'state')];
  const words = ['tar', 'import', '--repo', repo, '--write-ref', 'os', file];
  const refuse = async (bytes: Uint8Array, code: ErrorCode) => {
    await writeFile(file, bytes);
    await checkRefused(words, { code, naming: [], untouched });
  };
  await refuse(tar.subarray(0, tar.length - 100_000), 'ERR_TAR');
  await refuse(gzip.subarray(0, gzip.length - 100), 'ERR_TAR');
  await refuse(Buffer.from('not a tar stream'), 'ERR_TAR');
  await refuse(Buffer.alloc(0), 'ERR_TAR');
  await refuse(Buffer.alloc(1024), 'ERR_TAR_OBJECT');
  const damaged = Buffer.from(tar);
  damaged.write('THE-BASH', tar.indexOf('the-bash-shell'));
  await refuse(damaged, 'ERR_OBJECT_CORRUPT');
  const gone = ['tar', 'import', '--repo', repo, join(folder, 'none')];
  await checkRefused(gone, { code: 'ERR_IO', naming: ['none'], untouched });
  const elsewhere = ['tar', 'import', '--repo', join(folder, 'none'), file];
  await checkRefused(elsewhere, { code: 'ERR_REPO_MISSING', naming: ['none'], untouched });
});

test('a stray object is refused, and imported with --allow-extra', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: from, commit } = await textRepo();
  const file = join(folder, 'both.tar');
  await mustTreeport(['tar', 'export', '--repo', from, commit, '-o', file]);
  const chunk = gunzipSync(
    readFileSync(join(import.meta.dirname, '../fixtures/golden/fixture-chunk-allcontent.tar.gz')),
  );
  await writeFile(file, Buffer.concat([(await readFile(file)).subarray(0, -1024), chunk]));
  const repo = await newRepo(join(folder, 'repo'));
  const untouched = [join(repo, 'objects'), join(repo, 'refs'), join(repo, 'state')];
  const words = ['tar', 'import', '--repo', repo, file];
  await checkRefused(words, { code: 'ERR_OBJECT_STRAY', naming: ['.file', 'does not belong'], untouched });
  assert.equal(await mustTreeport([...words, '--allow-extra']), `Imported: ${commit}`);
  await ostreeFsck(repo);
});
