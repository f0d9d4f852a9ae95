import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { type GenerateOptions, generateDelta } from '../../../../src/delta/static/generate/generate-delta.ts';
import { GENERATOR_KEY } from '../../../../src/delta/static/generate/make-superblock.ts';
import { parseSuperblock, partPath } from '../../../../src/delta/static/superblock.ts';
import { lzmaVersion } from '../../../../src/native/lzma/liblzma.ts';
import { checksumOf } from '../../../../src/ostree/checksum.ts';
import { deltasVariant, listDeltas, STATIC_DELTAS_KEY } from '../../../../src/ostree/delta-list.ts';
import { deltaDirectory, deltaIndexPath, superblockPath } from '../../../../src/ostree/delta-name.ts';
import { dictString, parseDict } from '../../../../src/ostree/metadata-dict.ts';
import type { Repository } from '../../../../src/ostree/repo/open.ts';
import { openRepository } from '../../../../src/ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../../../src/ostree/summary.ts';
import { buildSummary } from '../../../../src/ostree/summary-build.ts';
import { repeatedChecksum } from '../../../support/checksums.ts';
import { commitFiles, writeDeltaTrees } from '../../../support/delta-trees.ts';
import { testFolder } from '../../../support/small-image.ts';

/** Small enough that the trees need several parts. */
const CHUNK = 100_000;

async function trees(t: TestContext) {
  return writeDeltaTrees(join(await testFolder(t), 'repo'));
}

/** Every file of the delta, by name. */
async function filesOf(repo: Repository, folder: string, options: GenerateOptions) {
  await mkdir(folder);
  await generateDelta(repo, { ...options, filename: join(folder, 'superblock') });
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

test('any number of threads makes the same bytes', async (t) => {
  const { repo, from, to } = await trees(t);
  const folder = await testFolder(t);
  for (const base of [{}, { from }]) {
    const results = [];
    for (const threads of [1, 2, 4]) {
      const name = join(folder, `${threads}${'from' in base}`);
      results.push(await filesOf(repo, name, { ...base, to, threads, maxChunkBytes: CHUNK }));
    }
    assert.ok((results[0]?.size ?? 0) > 4, `${results[0]?.size} files`);
    assert.deepEqual(results[1], results[0]);
    assert.deepEqual(results[2], results[0]);
  }
});

test('the superblock describes the part files', async (t) => {
  const { repo, from, to } = await trees(t);
  const generated = await generateDelta(repo, { from, to, maxChunkBytes: CHUNK });
  const superblock = parseSuperblock(readFileSync(join(repo.path, superblockPath({ from, to }))));
  assert.deepEqual([superblock.from, superblock.to, superblock.timestamp], [from, to, 1_700_001_000]);
  assert.equal(dictString(superblock.metadata, GENERATOR_KEY), `liblzma ${lzmaVersion()}, fast`);
  assert.equal(superblock.parts.length, generated?.parts);
  for (const [index, part] of superblock.parts.entries()) {
    const bytes = readFileSync(join(repo.path, partPath({ from, to }, index)));
    assert.deepEqual([part.size, part.checksum], [bytes.length, checksumOf(bytes)]);
    assert.equal(bytes[0], 'x'.charCodeAt(0));
  }
  assert.deepEqual(readdirSync(join(repo.path, 'tmp')), []);
});

test('inline parts have no files', async (t) => {
  const { repo, to } = await trees(t);
  const parts = await filesOf(repo, join(await testFolder(t), 'parts'), { to });
  await generateDelta(repo, { to, inline: true, order: 'big' });
  const directory = join(repo.path, deltaDirectory({ from: undefined, to }));
  assert.deepEqual(readdirSync(directory), ['superblock']);
  const { metadata, order } = parseSuperblock(readFileSync(join(directory, 'superblock')));
  assert.equal(order, 'big');
  const inline = metadata.get(partPath({ from: undefined, to }, 0));
  assert.equal(inline?.type, '(yay)');
  const [code, rest] = (inline?.value ?? []) as [number, Buffer];
  assert.deepEqual(Buffer.concat([Buffer.of(code), rest]), parts.get('0'));
});

test('the delta is in its index and in the summary', async (t) => {
  const { repo, from, to } = await trees(t);
  const summaryPath = join(repo.path, 'summary');
  await generateDelta(repo, { to });
  assert.ok(!existsSync(summaryPath), 'no summary appears');
  const before = await buildSummary(repo, { deltas: [] });
  writeFileSync(summaryPath, serializeSummary(before));
  await generateDelta(repo, { from, to });
  const deltas = await listDeltas(repo.path);
  assert.equal(deltas.length, 2);
  const index = parseDict(readFileSync(join(repo.path, deltaIndexPath(to))));
  assert.deepEqual(index.get(STATIC_DELTAS_KEY)?.value, deltasVariant(deltas).value);
  const { refs, metadata } = parseSummary(readFileSync(summaryPath));
  assert.deepEqual(metadata.get(STATIC_DELTAS_KEY)?.value, deltasVariant(deltas).value);
  assert.equal(metadata.get('ostree.summary.indexed-deltas')?.value, true);
  assert.deepEqual(
    refs.map(({ name }) => name),
    ['os'],
  );
});

test('a signed summary stays as it is', async (t) => {
  const { repo, to } = await trees(t);
  const bytes = serializeSummary(await buildSummary(repo));
  writeFileSync(join(repo.path, 'summary'), bytes);
  writeFileSync(join(repo.path, 'summary.sig'), 'signature');
  const lines: string[] = [];
  await generateDelta(repo, { to, warn: (line) => lines.push(line) });
  assert.deepEqual(readFileSync(join(repo.path, 'summary')), bytes);
  assert.equal(readFileSync(join(repo.path, 'summary.sig'), 'utf8'), 'signature');
  assert.deepEqual(
    lines.map((line) => /signed.*index only/.test(line)),
    [true],
  );
  assert.ok(existsSync(join(repo.path, deltaIndexPath(to))));
});

test('an existing delta is left alone if so asked', async (t) => {
  const { repo, to } = await trees(t);
  await generateDelta(repo, { to });
  const path = join(repo.path, superblockPath({ from: undefined, to }));
  const before = statSync(path).ino;
  assert.equal(await generateDelta(repo, { to, ifNotExists: true }), undefined);
  assert.equal(statSync(path).ino, before);
});

test('an unknown commit is an error, and nothing appears', async (t) => {
  const { repo, from, to } = await trees(t);
  const absent = repeatedChecksum('f');
  for (const options of [{ to: absent }, { from: absent, to }]) {
    const code = 'ERR_COMMIT_MISSING';
    await assert.rejects(generateDelta(repo, options), { code, message: new RegExp(absent) });
  }
  assert.ok(!existsSync(join(repo.path, 'deltas')), from);
});

test('a corrupt object is an error, and nothing appears', async (t) => {
  const path = join(await testFolder(t), 'repo');
  const to = await commitFiles(path, { a: 'a'.repeat(1000) });
  const repo = await openRepository(path);
  const { objects } = repo;
  let name = '';
  for await (const { type, checksum } of objects.list()) if (type === 'file') name = checksum;
  const file = join(path, `objects/${name.slice(0, 2)}/${name.slice(2)}.filez`);
  const bytes = readFileSync(file);
  bytes.writeUInt8(9, 19);
  writeFileSync(file, bytes);
  await assert.rejects(generateDelta(repo, { to }), {
    code: 'ERR_OBJECT_CORRUPT',
    message: new RegExp(name),
  });
  assert.ok(!existsSync(join(path, 'deltas')));
  assert.deepEqual(readdirSync(join(path, 'tmp')), []);
});

test('the target directory of --filename must exist', async (t) => {
  const { repo, to } = await trees(t);
  const filename = join(repo.path, 'nowhere/superblock');
  await assert.rejects(generateDelta(repo, { to, filename }), { code: 'ERR_IO', message: /nowhere/ });
});
