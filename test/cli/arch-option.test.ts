/** `--all`: verbs that read images take those of an index for all platforms. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { buildRuntimeImage } from '../../src/mirror/runtime-image.ts';
import { parseImageReference } from '../../src/oci/model/reference.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { must, mustTreeport, treeport } from '../e2e/support/run.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { COMPRESSION, tinyRuntime } from '../support/mirror-images.ts';
import {
  FIXTURE_COMMIT,
  FIXTURE_REF,
  FIXTURE_UPDATE_COMMIT,
  updateOstreeFixture,
  writeOstreeFixture,
} from '../support/ostree-fixture.ts';
import { unlessInstalled } from '../support/programs.ts';
import { assertValidOutput } from '../support/schemas.ts';

const ARCHITECTURES = ['amd64', 'arm64'];
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

/** Verbs with the folder in the place of @. */
async function place(t: TestContext) {
  const folder = await tempDir(t);
  const words = (text: string) => text.replaceAll('@', folder).split(' ');
  const verb = (text: string) => mustTreeport(words(text));
  const json = async (name: string, rest: string) => {
    const output = await verb(`${name} --json ${rest}`);
    assertValidOutput(name, output);
    return JSON.parse(output);
  };
  await updateOstreeFixture(await writeOstreeFixture(join(folder, 'repo')));
  return { folder, words, verb, json };
}

/** An index of runtimes that cannot run, in `FOLDER/runtimes`. */
async function makeRuntimes(folder: string): Promise<void> {
  const images = ARCHITECTURES.map((arch) => `oci:${folder}/runtime-${arch}`);
  for (const [index, arch] of ARCHITECTURES.entries()) {
    const runtime = await tinyRuntime(arch);
    await publishImage(parseImageReference(images[index] ?? ''), (sink) =>
      buildRuntimeImage(sink, { runtime, compression: COMPRESSION }),
    );
  }
  await mustTreeport(['container', 'index', 'create', '--quiet', ...images, `oci:${folder}/runtimes`]);
}

/** The platforms and commits of an index. */
async function contents(json: Awaited<ReturnType<typeof place>>['json'], image: string) {
  const all = (await json('container info', `--all ${image}`)) as readonly {
    readonly os: string;
    readonly architecture: string;
    readonly commit: { readonly checksum: string };
  }[];
  return all.map(({ os, architecture, commit }) => [`${os}/${architecture}`, commit.checksum]);
}

test('images of an index are compared, changed, wrapped and imported for all platforms', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const { folder, words, verb, json } = await place(t);
  for (const [name, revision] of [
    ['old', `${FIXTURE_REF}^`],
    ['new', FIXTURE_REF],
  ]) {
    for (const arch of ARCHITECTURES)
      await verb(`container encapsulate --repo @/repo --arch ${arch} ${revision} oci:@/${name}-${arch}`);
    await verb(`container index create oci:@/${name}-amd64 oci:@/${name}-arm64 oci:@/${name}`);
  }
  const compared = await json('container compare', '--all oci:@/old oci:@/new');
  assert.deepEqual(
    compared.map(({ platform }: { platform: string }) => platform),
    PLATFORMS,
  );
  assert.deepEqual(compared[1].result, await json('container compare', 'oci:@/old-arm64 oci:@/new-arm64'));
  const text = await verb('container compare --all oci:@/old oci:@/new');
  assert.deepEqual(text.match(/^linux.*$/gm), ['linux/amd64:', 'linux/arm64:']);
  const partly = await treeport(words('container compare --all oci:@/old oci:@/new-arm64'));
  assert.equal(
    partly.stderr,
    `treeport: warning: linux/amd64 is not compared: oci:${folder}/new-arm64 has no image for it\n`,
  );

  const expected = PLATFORMS.map((platform) => [platform, FIXTURE_UPDATE_COMMIT]);
  const replace = 'container image replace-detached-metadata --quiet';
  await verb(`${replace} --all --src oci:@/new --dest oci:@/replaced`);
  assert.deepEqual(await contents(json, 'oci:@/replaced'), expected);
  const contentsOfOne = await treeport(words(`${replace} --all @/file --src oci:@/new --dest oci:@/never`));
  assert.deepEqual([contentsOfOne.status, /ERR_USAGE.*--arch/.test(contentsOfOne.stderr)], [2, true]);

  await makeRuntimes(folder);
  const wrap = 'mirror wrap --quiet --delta none --runtime oci:@/runtimes';
  const digest = await verb(`${wrap} --all oci:@/new oci:@/mirrors`);
  assert.deepEqual(await contents(json, 'oci:@/mirrors'), expected);
  assert.equal(await verb(`${wrap} --all oci:@/new oci:@/again`), digest);
  // The same image as by itself.
  const alone = await verb(`${wrap} --arch arm64 oci:@/new oci:@/mirror-arm64`);
  assert.equal((await json('container info', '--arch arm64 oci:@/mirrors')).digest, alone);

  await must(['ostree', 'init', '--mode=archive', `--repo=${folder}/copy`]);
  await verb('container index create oci:@/old-amd64 oci:@/new-arm64 oci:@/mixed');
  const imported = await verb(
    'container unencapsulate --quiet --all --repo @/copy ostree-unverified-image:oci:@/mixed',
  );
  assert.equal(imported, `Imported: ${FIXTURE_COMMIT}\nImported: ${FIXTURE_UPDATE_COMMIT}`);
  const oneRef = await treeport(
    words('container import --all --write-ref os --repo @/copy ostree-unverified-image:oci:@/mixed'),
  );
  assert.deepEqual([oneRef.status, /ERR_USAGE.*--write-ref/.test(oneRef.stderr)], [2, true], oneRef.stderr);
});

test('snapshots of an index are listed, verified and extracted for all platforms', {
  skip: unlessInstalled('ostree'),
}, async (t) => {
  const { folder, verb, json } = await place(t);
  await makeRuntimes(folder);
  const create = 'snapshot create --quiet --runtime oci:@/runtimes --repo @/repo';
  for (const arch of ARCHITECTURES) await verb(`${create} --arch ${arch} ${FIXTURE_REF} oci:@/${arch}`);
  await verb('container index create oci:@/amd64 oci:@/arm64 oci:@/both');
  for (const name of ['info', 'list', 'verify']) {
    const all = await json(`snapshot ${name}`, '--all oci:@/both');
    assert.deepEqual(
      all.map(({ platform }: { platform: string }) => platform),
      PLATFORMS,
    );
    for (const [index, arch] of ARCHITECTURES.entries())
      assert.deepEqual(all[index].result, await json(`snapshot ${name}`, `oci:@/${arch}`));
  }
  const line = (await verb('snapshot list oci:@/arm64')).trim();
  assert.equal(
    await verb('snapshot list --all oci:@/both'),
    PLATFORMS.map((of) => `${of}:\n${line}`).join('\n'),
  );
  await must(['ostree', 'init', '--mode=archive', `--repo=${folder}/copy`]);
  const extracted = await json('snapshot extract', '--all --repo @/copy ostree-unverified-image:oci:@/both');
  assert.deepEqual(
    extracted.map(({ result }: { result: { commits: number } }) => result.commits),
    [1, 1],
  );
});
