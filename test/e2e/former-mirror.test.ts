/**
 * Mirror images made before November 2026, with everything of ours at /sysroot/treeport, stay mirror images.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { formerMirror } from '../support/former-mirror.ts';
import { initRepo } from '../support/ostree-repos.ts';
import { Client } from './support/client.ts';
import { mirrorOfText } from './support/images.ts';
import { readLayout, unpack } from './support/layout.ts';
import { TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { CONFINED, PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { checkRefused } from './support/refusal.ts';
import { must, mustTreeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';
import { serve } from './support/serve.ts';

const timeout = 300_000;
const NAME = 'localhost/treeport-e2e:former';

test('a mirror image in the former home', { skip: unlessOsRepo(...PODMAN_PROGRAMS), timeout }, async (t) => {
  const folder = await tempDir(t);
  const { commit } = await textRepo();
  const image = join(folder, 'former');
  await formerMirror((await mirrorOfText()).path, image);
  const checkPull = async (url: string): Promise<void> => {
    const client = await Client.create(folder, url);
    await client.pull(TEXT_REF);
    assert.equal(await client.revision(TEXT_REF), commit);
    await client.fsck();
  };

  await t.test('runs as any user, without any right', async (t) => {
    const podman = await Podman.create(t, await tempDir(t));
    await podman.load(`oci:${image}`, NAME);
    assert.match(
      await podman.must(['inspect', '--format={{.Config.Entrypoint}}', NAME]),
      /\/sysroot\/treeport/,
    );
    await checkPull((await podman.startMirror(NAME, '--user=345678:0', ...CONFINED)).repo);
  });

  await t.test('is served from its files', async (t) => {
    const root = join(folder, 'root');
    await unpack(readLayout(image).layers, root);
    await checkPull((await serve(t, join(root, 'sysroot/treeport/repo'))).repo);
  });

  await t.test('is imported', async () => {
    const repo = await initRepo(join(folder, 'repo'), 'bare-user');
    const reference = `ostree-unverified-image:oci:${image}`;
    await mustTreeport(['container', 'unencapsulate', '--repo', repo, '--write-ref', 'text', reference]);
    assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', 'text']), commit);
    await must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
  });

  await t.test('is not wrapped again', async () => {
    const words = ['mirror', 'wrap', `oci:${image}`, `oci:${join(folder, 'again')}`];
    await checkRefused(words, { code: 'ERR_ALREADY_MIRROR', naming: [image], untouched: [folder] });
  });
});
