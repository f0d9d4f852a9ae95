/** A commit becomes an image that GNU tar unpacks and ostree takes back. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { unlessInstalled } from '../support/programs.ts';
import { encapsulatedOs } from './support/images.ts';
import { readLayout, sha256, unpack } from './support/layout.ts';
import { OS_REF, osRepo, TEXT_REF, textRepo, unlessOsRepo } from './support/os-repo.ts';
import { HOSTILE } from './support/os-tree.ts';
import { eventually, start } from './support/processes.ts';
import { must, mustTreeport, TREEPORT } from './support/run.ts';
import { tempDir } from './support/scratch.ts';

const skip = unlessOsRepo();
const timeout = 300_000;

function encapsulate(repo: string, ref: string, target: string, ...words: readonly string[]) {
  return mustTreeport(['container', 'encapsulate', '--quiet', '--repo', repo, ...words, ref, target]);
}

test('layers unpacked by GNU tar hold a repository that ostree finds whole', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo, commit } = await osRepo();
  const { path, digest } = await encapsulatedOs();
  const image = readLayout(path);
  assert.equal(digest, image.digest);
  for (const layer of image.layers) {
    assert.equal(`sha256:${await sha256(layer.path)}`, layer.digest);
    assert.equal(statSync(layer.path).size, layer.size);
    assert.equal(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar+gzip');
  }
  assert.equal(image.config.config.Labels?.['ostree.commit'], commit);
  assert.equal(image.config.config.Labels?.['ostree.final-diffid'], image.layers.at(-1)?.diffId);

  const root = join(folder, 'root');
  await unpack(image.layers, root);
  const embedded = join(root, 'sysroot/ostree/repo');
  await must(['ostree', `--repo=${embedded}`, 'fsck', '--quiet', '--all']);
  for (const mode of ['bare', 'archive']) {
    const copy = join(folder, mode);
    await must(['ostree', `--repo=${copy}`, 'init', `--mode=${mode}`]);
    await must(['ostree', `--repo=${copy}`, 'pull-local', '--untrusted', embedded, commit]);
    await must(['ostree', `--repo=${copy}`, 'fsck', '--quiet', '--all']);
    const listing = (of: string) => must(['ostree', `--repo=${of}`, 'ls', '-RCX', commit, '/']);
    assert.equal(await listing(copy), await listing(repo));
  }

  const files = join(root, HOSTILE);
  const stats = (path: string) => must(['stat', '--format=%u:%g %a %h', join(files, path)]);
  assert.equal(statSync(join(files, 'sparse.img')).size, 300 << 20);
  assert.match(await stats('modes/mode-4755'), /^0:0 4755 [2-9]$/);
  assert.match(await stats('owners/owner-3000000'), /^3000000:12 /);
  assert.match(await must(['getcap', join(files, 'attributes/capability')]), /cap_net_raw/);
  assert.ok(existsSync(join(root, 'etc/os-version')), '/usr/etc is /etc in an image');
});

test('the same commit gives the same image on one core as on all', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo, commit } = await osRepo();
  const first = await encapsulatedOs();
  const again = join(folder, 'image');
  const words = ['container', 'export', '--quiet', '--repo', repo, commit, `oci:${again}`];
  const digest = await must(['taskset', '--cpu-list', '0', ...TREEPORT, ...words], {
    env: { UV_THREADPOOL_SIZE: '1', TZ: 'Asia/Kathmandu' },
  });
  assert.equal(digest, first.digest);
  assert.deepEqual(await digestsOf(again), await digestsOf(first.path));
});

async function digestsOf(layout: string): Promise<readonly string[]> {
  const paths = readdirSync(layout, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const sums = paths.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return `${path.slice(layout.length)} ${await sha256(path)}`;
  });
  return (await Promise.all(sums)).toSorted();
}

test('zstd layers hold the same tar', { skip: skip || unlessInstalled('zstd'), timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo } = await osRepo();
  const target = join(folder, 'image');
  await encapsulate(repo, OS_REF, `oci:${target}`, '--compression', 'zstd');
  const [image, gzip] = [readLayout(target), readLayout((await encapsulatedOs()).path)];
  assert.deepEqual(image.config.rootfs, gzip.config.rootfs);
  for (const { path, diffId, mediaType } of image.layers) {
    assert.equal(mediaType, 'application/vnd.oci.image.layer.v1.tar+zstd');
    const sum = await must(['sh', '-c', 'zstd -dc "$0" | sha256sum', path]);
    assert.equal(`sha256:${sum.split(' ')[0]}`, diffId);
  }
});

test('--compression-fast and gzip levels change the bytes of layers only', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo } = await textRepo();
  const [fast, level] = [join(folder, 'fast'), join(folder, 'level')];
  await encapsulate(repo, TEXT_REF, `oci:${fast}`, '--compression-fast');
  await encapsulate(repo, TEXT_REF, `oci:${level}`, '--compression', 'gzip:1');
  assert.deepEqual(await digestsOf(fast), await digestsOf(level));
  for (const { path, diffId } of readLayout(fast).layers) {
    const sum = await must(['sh', '-c', 'gzip -dc "$0" | sha256sum', path]);
    assert.equal(`sha256:${sum.split(' ')[0]}`, diffId);
  }
});

test('an oci-archive is one file with the same image', {
  skip: skip || unlessInstalled('skopeo'),
  timeout,
}, async (t) => {
  const folder = await tempDir(t);
  const { path: repo } = await osRepo();
  const file = join(folder, 'image.tar');
  const digest = await encapsulate(repo, OS_REF, `oci-archive:${file}:v1`);
  assert.equal(digest, (await encapsulatedOs()).digest);
  assert.deepEqual(readdirSync(folder), ['image.tar']);
  const seen = await must(['skopeo', 'inspect', '--format', '{{.Digest}}', `oci-archive:${file}:v1`]);
  assert.equal(seen, digest);
  await must(['skopeo', 'copy', '--quiet', `oci-archive:${file}`, `dir:${join(folder, 'copy')}`]);
});

test('labels, annotations and configuration are what was asked for', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo, commit } = await textRepo();
  const target = join(folder, 'image');
  const config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify({ Env: ['A=b'], Cmd: ['other'], Labels: { base: 'label' } }));
  await encapsulate(
    repo,
    TEXT_REF,
    `oci:${target}`,
    ...['--label', 'one=1', '-l', 'two=a=b', '--copymeta', 'version', '--copymeta-opt', 'not.there'],
    ...['--cmd', '/bin/one', '--cmd', '-x', '--config', config, '--arch', 'aarch64'],
    ...['--created', '2024-02-29T12:00:00+01:00'],
  );
  const image = readLayout(target);
  const labels = {
    one: '1',
    two: 'a=b',
    version: '1',
    'org.opencontainers.image.version': '1',
    'ostree.commit': commit,
    'ostree.final-diffid': image.layers[0]?.diffId,
  };
  assert.deepEqual(image.config.config.Labels, { base: 'label', ...labels });
  assert.deepEqual(image.manifest.annotations, labels);
  assert.deepEqual(image.config.config.Cmd, ['/bin/one', '-x']);
  assert.deepEqual(image.config.config.Env, ['A=b']);
  assert.equal(image.config.architecture, 'arm64');
  assert.equal(image.config.created, '2024-02-29T12:00:00+01:00');
});

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  test(`${signal} half-way leaves nothing under the final name`, { skip, timeout }, async (t) => {
    const folder = await tempDir(t);
    const { path: repo } = await osRepo();
    const targets = { oci: join(folder, 'image'), 'oci-archive': join(folder, 'image.tar') };
    for (const [transport, target] of Object.entries(targets)) {
      const words = ['container', 'encapsulate', '--repo', repo, OS_REF, `${transport}:${target}`];
      const writing = start(t, [...TREEPORT, ...words]);
      await eventually('something was written', () => bytesBelow(folder) > 2_000_000 || undefined);
      writing.signal(signal);
      assert.notEqual(await writing.ended(), 0);
      assert.equal(existsSync(target), false, target);
      if (signal === 'SIGTERM') assert.deepEqual(readdirSync(folder), []);
    }
    await encapsulate(repo, OS_REF, `oci:${targets.oci}`);
    assert.equal(readLayout(targets.oci).digest, (await encapsulatedOs()).digest);
  });
}

test('SIGKILL while a second image is added leaves the first as it was', { skip, timeout }, async (t) => {
  const folder = await tempDir(t);
  const { path: repo } = await osRepo();
  const target = join(folder, 'image');
  await encapsulate((await textRepo()).path, TEXT_REF, `oci:${target}:text`);
  const before = readLayout(target);
  const size = bytesBelow(folder);
  const words = ['container', 'encapsulate', '--repo', repo, OS_REF, `oci:${target}:os`];
  const writing = start(t, [...TREEPORT, ...words]);
  await eventually('something was written', () => bytesBelow(folder) > size + 2_000_000 || undefined);
  writing.signal('SIGKILL');
  await writing.ended();
  assert.deepEqual(readLayout(target), before);
});

function bytesBelow(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return files.reduce(
    (sum, { parentPath, name }) =>
      sum + (statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
