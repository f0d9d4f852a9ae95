import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { imageInfo } from '../../../src/container/inspect/image-info.ts';
import { libcXattrs } from '../../../src/native/libc/xattrs.ts';
import { serializeDict } from '../../../src/ostree/metadata-dict.ts';
import { ArchiveWriter, archiveConfig } from '../../../src/ostree/repo/archive-writer.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { signCommit } from '../../../src/ostree/sign/sign-commit.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { chunkedTars, dealtObjects, makeImage } from '../../support/chunked-images.ts';
import { coded } from '../../support/expect.ts';
import { buildInto, withImage } from '../../support/mirror-images.ts';
import { FIXTURE_REF, writeOstreeFixture } from '../../support/ostree-fixture.ts';
import { nodeEd25519Key } from '../../support/signing.ts';
import { oneFileTar } from '../../support/small-image.ts';
import { inPieces } from '../../support/tar-streams.ts';

const KEY = nodeEd25519Key();

/** The fixture's repository, signed with ed25519, and an image of it: two component layers, one derived. */
async function signedImage(t: TestContext) {
  const folder = await tempDir(t);
  const { path, commit } = await writeOstreeFixture(join(folder, 'repo'));
  const repo = await openRepository(path, { xattrs: libcXattrs });
  const bytes = await repo.objects.metadata('commit', commit);
  const detached = signCommit(new Map(), bytes, { engine: 'ed25519', secret: KEY.secret });
  await (await ArchiveWriter.create(path)).detachedMetadata(commit, serializeDict(detached));
  const tars = await chunkedTars(repo.objects, commit, await dealtObjects(repo.objects, commit, 2));
  const image = join(folder, 'image');
  const { digest } = await makeImage(image, [...tars, inPieces(oneFileTar('derived'))], {
    ostreeLayers: 3,
    labels: { 'ostree.commit': commit, note: 'a label' },
    components: [undefined, 'bash,arping'],
    createdBy: ['the subject', 'two packages', 'the rest', 'RUN something'],
  });
  return { folder, repo, commit, image, digest };
}

test('commit, labels, layers and signatures of an image', async (t) => {
  const { commit, image, digest } = await signedImage(t);
  const info = await withImage(image, (opened) => imageInfo(opened));
  assert.equal(info.digest, digest);
  assert.deepEqual(info.commit, { checksum: commit, subject: '', timestamp: 872879442 });
  assert.equal(info.version, '42.0');
  assert.equal(info.created, '2024-01-02T03:04:05Z');
  assert.equal(info.labels.note, 'a label');
  assert.deepEqual(
    info.layers.map(({ kind, components, createdBy }) => [kind, components, createdBy]),
    [
      ['ostree', [], 'the subject'],
      ['component', ['bash', 'arping'], 'two packages'],
      ['component', [], 'the rest'],
      ['derived', [], 'RUN something'],
    ],
  );
  assert.deepEqual(info.signatures, [{ kind: 'ed25519' }]);
  assert.deepEqual([info.mirrorRefs, info.verified], [undefined, undefined]);
});

test('verified by a remote, or refused', async (t) => {
  const { folder, image, commit } = await signedImage(t);
  const other = nodeEd25519Key();
  const remote = (name: string, key: string) =>
    `[remote "${name}"]\nurl=x\ngpg-verify=false\nsign-verify=ed25519\nverification-ed25519-key=${key}\n`;
  const target = join(folder, 'target');
  await ArchiveWriter.create(target, {
    config: `${archiveConfig()}${remote('ours', KEY.public)}${remote('theirs', other.public)}`,
  });
  const info = await withImage(image, (opened) =>
    imageInfo(opened, { verify: { repo: target, remote: 'ours' } }),
  );
  assert.deepEqual(info.verified, [{ kind: 'ed25519', key: KEY.public }]);
  await assert.rejects(
    withImage(image, (opened) => imageInfo(opened, { verify: { repo: target, remote: 'theirs' } })),
    coded('ERR_SIGNATURE_BAD', commit, '"theirs"'),
  );
});

test('a mirror image says which refs it publishes', async (t) => {
  const { folder, repo } = await signedImage(t);
  const path = join(folder, 'mirror');
  await buildInto(path, repo, [FIXTURE_REF]);
  const info = await withImage(path, (opened) => imageInfo(opened));
  assert.deepEqual(info.mirrorRefs, [FIXTURE_REF]);
  assert.equal(info.layers.at(-1)?.kind, 'derived');
});

test('an image of something else', async (t) => {
  const path = join(await tempDir(t), 'image');
  await makeImage(path, [inPieces(oneFileTar('plain'))], { ostreeLayers: 0 });
  await assert.rejects(
    withImage(path, (opened) => imageInfo(opened)),
    coded('ERR_NOT_ENCAPSULATED', path),
  );
  const lying = join(await tempDir(t), 'image');
  await makeImage(lying, [inPieces(oneFileTar('plain'))]);
  await assert.rejects(
    withImage(lying, (opened) => imageInfo(opened)),
    coded('ERR_TAR_OBJECT', 'no commit'),
  );
});
