/** Images of podman's storage are imported by mounting them, or, where that cannot be, through skopeo. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { unlessRoot } from '../support/programs.ts';
import { encapsulatedOs, encapsulatedText } from './support/images.ts';
import { osRepo, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { PODMAN_PROGRAMS, Podman } from './support/podman.ts';
import { eventually, start } from './support/processes.ts';
import { checkRefused } from './support/refusal.ts';
import { must, run, TREEPORT, treeport } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessRoot() || unlessOsRepo(...PODMAN_PROGRAMS, 'buildah');
const timeout = 300_000;

async function place(t: TestContext) {
  const folder = await tempDir(t);
  const podman = await Podman.create(t, folder);
  const repo = join(folder, 'repo');
  await must(['ostree', `--repo=${repo}`, 'init', '--mode=bare']);
  const importing = (name: string, ...more: readonly string[]) => [
    ...['container', 'unencapsulate', '--repo', repo, ...more],
    `ostree-unverified-image:containers-storage:${name}`,
  ];
  const fsck = () => must(['ostree', `--repo=${repo}`, 'fsck', '--quiet']);
  /** Overlays of this storage that are mounted. */
  const mounts = () =>
    readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('overlay ') && line.includes(folder));
  return { folder, podman, repo, importing, fsck, mounts };
}

test('an OS is imported from its files, and the image is unmounted', { skip, timeout }, async (t) => {
  const { podman, repo, importing, fsck, mounts } = await place(t);
  await podman.load(`oci:${(await encapsulatedOs()).path}`, 'localhost/os:v1');
  const { commit } = await osRepo();

  const interrupted = start(t, [...TREEPORT, ...importing('localhost/os:v1')], { env: podman.env });
  await eventually('the image is mounted', () => mounts().length > 0 || interrupted.hasEnded() || undefined);
  interrupted.signal('SIGTERM');
  assert.equal(await interrupted.ended(), 128 + 15, interrupted.output());
  assert.deepEqual(mounts(), []);

  const first = await treeport(importing('localhost/os:v1', '--write-ref', 'os'), { env: podman.env });
  assert.equal(first.status, 0, first.stderr);
  assert.match(
    first.stdout,
    new RegExp(`^Imported: os => ${commit}\n\\d+ objects imported from the mounted image`),
  );
  await fsck();
  assert.equal(await must(['ostree', `--repo=${repo}`, 'rev-parse', 'os']), commit);
  assert.deepEqual(mounts(), []);

  const again = await treeport(importing('localhost/os:v1', '--json'), { env: podman.env });
  assert.equal(again.status, 0, again.stderr);
  const imported = JSON.parse(again.stdout.trim().split('\n').at(-1) ?? '');
  assert.deepEqual([imported.commit, imported.objects.imported], [commit, 1]);
  assert.deepEqual(mounts(), []);
});

test('a derived image gives the commit that it was made from', { skip, timeout }, async (t) => {
  const { podman, importing, fsck, mounts, folder } = await place(t);
  await podman.load(`oci:${(await encapsulatedText()).path}`, 'localhost/text:v1');
  await writeFile(join(folder, 'addition'), 'of a user');
  const container = await must(['buildah', 'from', '--pull-never', 'localhost/text:v1'], { env: podman.env });
  await must(['buildah', 'copy', container, join(folder, 'addition'), '/usr/addition'], { env: podman.env });
  await must(['buildah', 'commit', '--rm', container, 'localhost/derived:v1'], { env: podman.env });
  const { commit } = await textRepo();
  const { status, stdout, stderr } = await treeport(importing('localhost/derived:v1', '--quiet'), {
    env: podman.env,
  });
  assert.deepEqual([status, stdout], [0, `Imported: ${commit}\n`], stderr);
  await fsck();
  assert.deepEqual(mounts(), []);
});

test('with buildah alone, and with skopeo alone', { skip, timeout }, async (t) => {
  const { podman, importing, mounts, folder } = await place(t);
  await podman.load(`oci:${(await encapsulatedText()).path}`, 'localhost/text:v1');
  const { commit } = await textRepo();
  for (const [program, warned] of [
    ['buildah', /^$/],
    ['skopeo', /^treeport: warning: .*neither podman nor buildah.*skopeo\n$/],
  ] as const) {
    const bin = join(folder, program);
    await mkdir(bin);
    const real = await must(['sh', '-c', `command -v ${program}`]);
    await symlink(real, join(bin, program));
    const words = ['/usr/bin/env', `PATH=${bin}`, ...TREEPORT, ...importing('localhost/text:v1', '--quiet')];
    const { status, stdout, stderr } = await run(words, { env: podman.env });
    assert.deepEqual([status, stdout], [0, `Imported: ${commit}\n`], stderr);
    assert.match(stderr, warned);
    assert.deepEqual(mounts(), []);
    assert.equal(await must(['buildah', 'containers', '--quiet'], { env: podman.env }), '');
  }
});

test('an image that is not there, or not made from a commit', { skip, timeout }, async (t) => {
  const { podman, importing, mounts, repo, folder } = await place(t);
  const env = podman.env;
  const refuse = (name: string, code: 'ERR_IMAGE_MISSING' | 'ERR_NOT_ENCAPSULATED') =>
    checkRefused(importing(name, '--quiet'), { env, code, naming: [name], untouched: [repo] });
  await refuse('localhost/nothing:v1', 'ERR_IMAGE_MISSING');
  await writeFile(join(folder, 'file'), 'plain');
  await chmod(join(folder, 'file'), 0o644);
  const container = await must(['buildah', 'from', 'scratch'], { env });
  await must(['buildah', 'copy', container, join(folder, 'file'), '/file'], { env });
  await must(['buildah', 'commit', '--rm', container, 'localhost/plain:v1'], { env });
  await refuse('localhost/plain:v1', 'ERR_NOT_ENCAPSULATED');
  assert.deepEqual(mounts(), []);
});

test('an image whose objects are a link to those of this machine', { skip, timeout }, async (t) => {
  const { podman, importing, mounts, repo, folder } = await place(t);
  const env = podman.env;
  await podman.load(`oci:${(await encapsulatedText()).path}`, 'localhost/text:v1');
  const container = await must(['buildah', 'from', '--pull-never', 'localhost/text:v1'], { env });
  const objects = join(await must(['buildah', 'mount', container], { env }), 'sysroot/ostree/repo/objects');
  await must(['mv', objects, join(folder, 'objects')]);
  await symlink(join(folder, 'objects'), objects);
  await must(['buildah', 'commit', '--rm', container, 'localhost/linked:v1'], { env });
  await checkRefused(importing('localhost/linked:v1', '--quiet'), {
    env,
    code: 'ERR_NOT_ENCAPSULATED',
    naming: ['localhost/linked:v1', '"objects" is a symbolic link'],
    untouched: [repo],
  });
  assert.deepEqual(mounts(), []);
});
