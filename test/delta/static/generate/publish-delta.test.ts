/** A client that fetched the superblock of a delta gets the parts that it names, whatever is published. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checkDeltaIndex } from '../../../../src/delta/static/check-index.ts';
import { type GenerateOptions, generateDelta } from '../../../../src/delta/static/generate/generate-delta.ts';
import { openStoredDelta } from '../../../../src/delta/static/open-delta.ts';
import { parseSuperblock } from '../../../../src/delta/static/superblock.ts';
import { verifyDelta } from '../../../../src/delta/static/verify-delta.ts';
import { variant } from '../../../../src/gvariant/index.ts';
import { checksumOf } from '../../../../src/ostree/checksum.ts';
import { deltaNames } from '../../../../src/ostree/delta-list.ts';
import { deltaDirectory, superblockPath } from '../../../../src/ostree/delta-name.ts';
import { serializeDict } from '../../../../src/ostree/metadata-dict.ts';
import { loosePath } from '../../../../src/ostree/object-name.ts';
import { ArchiveWriter } from '../../../../src/ostree/repo/archive-writer.ts';
import { serializeSummary } from '../../../../src/ostree/summary.ts';
import { buildSummary } from '../../../../src/ostree/summary-build.ts';
import { writeDeltaTrees } from '../../../support/delta-trees.ts';
import { coded } from '../../../support/expect.ts';
import { testFolder } from '../../../support/small-image.ts';

const OPTIONS = { maxChunkBytes: 100_000, threads: 1 } as const;

/** A repository with a delta, and what a client does that has fetched its superblock. */
async function published(t: TestContext) {
  const { repo, from, to } = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const name = { from, to };
  const generate = (options: Partial<GenerateOptions> = {}) =>
    generateDelta(repo, { ...name, ...OPTIONS, ...options });
  await generate();
  const directory = join(repo.path, deltaDirectory(name));
  const client = readFileSync(join(repo.path, superblockPath(name)));
  const files = () => readdirSync(directory).map((file) => `${file} ${statSync(join(directory, file)).ino}`);
  return {
    repo,
    to,
    directory,
    files,
    generate,
    /** Whether the client gets each part that its superblock names. */
    fetchesParts: () =>
      parseSuperblock(client).parts.every(
        ({ checksum }, index) => checksumOf(readFileSync(join(directory, `${index}`))) === checksum,
      ),
    /** The delta that others see is whole and listed. */
    assertSound: async () => {
      const delta = openStoredDelta(repo.path, name);
      checkDeltaIndex(repo.path, name, delta.file);
      await verifyDelta(delta, repo.objects);
    },
  };
}

test('the same delta again leaves the parts alone', async (t) => {
  const { generate, files, assertSound } = await published(t);
  const before = files().filter((file) => !file.startsWith('superblock'));
  assert.ok(before.length > 2);
  await generate();
  assert.deepEqual(
    files().filter((file) => !file.startsWith('superblock')),
    before,
  );
  await assertSound();
});

test('a delta with other parts is refused while the old one is served', async (t) => {
  const { repo, generate, files, fetchesParts, assertSound } = await published(t);
  const before = files();
  await assert.rejects(generate({ profile: 'small' }), coded('ERR_DELTA_EXISTS', '--replace'));
  assert.deepEqual(files(), before);
  assert.deepEqual(readdirSync(join(repo.path, 'tmp')), []);
  assert.ok(fetchesParts());
  await assertSound();
});

test('on demand it replaces them, and the new delta is whole', async (t) => {
  const { generate, fetchesParts, assertSound } = await published(t);
  await generate({ profile: 'small', replace: true });
  assert.ok(!fetchesParts());
  await assertSound();
});

test('signatures of the commit get into the superblock, and parts into it, beside the old parts', async (t) => {
  const { repo, to, generate, fetchesParts, assertSound, directory } = await published(t);
  const metadata = serializeDict(new Map([['example.signature', variant('s', 'signed')]]));
  await (await ArchiveWriter.create(repo.path)).detachedMetadata(to, metadata);
  await generate();
  assert.match(readFileSync(join(directory, 'superblock'), 'latin1'), /example\.signature/);
  assert.ok(fetchesParts());
  await generate({ profile: 'small', inline: true });
  assert.ok(fetchesParts());
  await assertSound();
});

test('a superblock that a signed summary lists is not replaced unless that is signed again', async (t) => {
  const { repo, generate, assertSound } = await published(t);
  writeFileSync(join(repo.path, 'summary'), serializeSummary(await buildSummary(repo)));
  writeFileSync(join(repo.path, 'summary.sig'), 'signature');
  await generate();
  await assert.rejects(generate({ inline: true }), coded('ERR_DELTA_EXISTS', 'signed summary'));
  await assertSound();
  await generate({ inline: true, signsSummary: true });
  // As the caller does.
  writeFileSync(join(repo.path, 'summary'), serializeSummary(await buildSummary(repo)));
  await assertSound();
});

test('two generators of one delta at once', async (t) => {
  const { generate, assertSound, files } = await published(t);
  const before = files().filter((file) => !file.startsWith('superblock'));
  const [same, other] = await Promise.allSettled([generate(), generate({ profile: 'small' })]);
  assert.equal(same.status, 'fulfilled');
  assert.ok(other.status === 'rejected' && coded('ERR_DELTA_EXISTS')(other.reason));
  assert.deepEqual(
    files().filter((file) => !file.startsWith('superblock')),
    before,
  );
  await assertSound();
  await Promise.all([generate({ profile: 'small', replace: true }), generate({ replace: true })]);
  await assertSound();
});

test('a commit that is pruned while its delta is made', async (t) => {
  const { repo, from, to } = await writeDeltaTrees(join(await testFolder(t), 'repo'));
  const onProgress = () => rmSync(join(repo.path, loosePath(to, 'commit')), { force: true });
  const generating = generateDelta(repo, { from, to, ...OPTIONS, check: false, onProgress });
  await assert.rejects(generating, coded('ERR_OBJECT_MISSING'));
  assert.deepEqual([...deltaNames(repo.path)], []);
});
