import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { chunkedTars, dealtObjects, makeImage } from '../support/chunked-images.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { oneFileTar } from '../support/small-image.ts';
import { inPieces } from '../support/tar-streams.ts';

async function image(t: TestContext) {
  const folder = await tempDir(t);
  const { path: repo, commit } = await writeOstreeFixture(join(folder, 'repo'));
  const { objects } = await openRepository(repo, { xattrs: libcXattrs });
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, 1));
  const path = join(folder, 'image');
  const { digest, layers } = await makeImage(path, [...tars, inPieces(oneFileTar('derived'))], {
    ostreeLayers: 2,
    labels: { lines: 'one\ntwo\u001b[31m' },
    components: [undefined, 'a,b,c,d,e,f'],
    createdBy: ['the subject', 'six', 'RUN it'],
  });
  return { repo, commit, reference: `oci:${path}`, digest, layers };
}

test('container info in words; the first line is that of ostree-ext', async (t) => {
  const { reference, digest, commit, layers } = await image(t);
  const lines = (await mustTreeport(['container', 'info', reference])).split('\n');
  assert.equal(lines[0], `${reference} digest: ${digest}`);
  assert.ok(lines.includes(`Commit:       ${commit}`));
  assert.ok(lines.includes('Version:      42.0'));
  assert.ok(lines.includes('Mirror image: no'));
  assert.ok(lines.includes('Signature:    none'));
  assert.ok(lines.includes(String.raw`    lines=one\ntwo\x1b[31m`), 'nothing that a terminal would act on');
  const rows = lines.slice(lines.findIndex((line) => line.startsWith('Layers: 3, ')) + 1);
  assert.deepEqual(
    rows.map((row) => row.trim().split(/ {2,}/)).map(([kind, id, , text]) => [kind, id, text]),
    [
      ['ostree', layers[0]?.descriptor.digest.slice(0, 19), 'the subject'],
      ['component', layers[1]?.descriptor.digest.slice(0, 19), 'a, b, c, d and 2 more'],
      ['derived', layers[2]?.descriptor.digest.slice(0, 19), 'RUN it'],
    ],
  );
});

test('container info --json', async (t) => {
  const { reference, digest, commit } = await image(t);
  const document = JSON.parse(
    await mustTreeport(['container', 'info', '--json', `ostree-unverified-image:${reference}`]),
  );
  assert.equal(document.image, `ostree-unverified-image:${reference}`);
  assert.equal(document.digest, digest);
  assert.equal(document.commit.checksum, commit);
  assert.deepEqual(document.layers[1].components, ['a', 'b', 'c', 'd', 'e', 'f']);
  assert.deepEqual(document.signatures, []);
});

test('a demand to verify is not passed over', async (t) => {
  const { reference, repo } = await image(t);
  const refused = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await treeport(['container', 'info', ...args]);
    assert.equal(stdout, '');
    return [status, /^treeport: (ERR_\w+): /.exec(stderr)?.[1]];
  };
  assert.deepEqual(await refused(`ostree-remote-image:os:${reference}`), [2, 'ERR_USAGE']);
  assert.deepEqual(await refused('--remote', 'os', reference), [2, 'ERR_USAGE']);
  assert.deepEqual(await refused('--repo', repo, reference), [2, 'ERR_USAGE']);
  assert.deepEqual(await refused('--repo', repo, `ostree-remote-image:os:${reference}`), [
    1,
    'ERR_REMOTE_MISSING',
  ]);
});
