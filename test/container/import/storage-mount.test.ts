import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { mountStorageImage } from '../../../src/container/import/storage-mount.ts';
import { coded } from '../../support/expect.ts';
import { unlessRoot } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';
import { testFolder } from '../../support/small-image.ts';

const skip = unlessRoot();

/** Programs that note how they are called, first on PATH, and alone there. */
async function withPrograms(t: TestContext, programs: Readonly<Record<string, string>>) {
  const folder = await testFolder(t);
  const log = join(folder, 'log');
  await writeFile(log, '');
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> ${log}\n${text}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = bin;
  t.after(() => {
    process.env.PATH = before;
  });
  return { bin, calls: async () => (await readFile(log, 'utf8')).trim().split('\n') };
}

const PODMAN = 'case "$2" in inspect) echo abc123;; mount) echo /mounted/abc123;; esac';
const BUILDAH = 'case "$1" in from) echo x-working-container;; mount) echo /mounted/x;; esac';

test('podman mounts the image by its id, and unmounts the same', { skip }, async (t) => {
  const { calls } = await withPrograms(t, { podman: PODMAN, buildah: BUILDAH });
  const mounted = mountStorageImage('localhost/x:v1');
  assert.equal(mounted.path, '/mounted/abc123');
  mounted.close();
  mounted.close();
  assert.deepEqual(await calls(), [
    'podman image inspect --format={{.Id}} -- localhost/x:v1',
    'podman image mount -- abc123',
    'podman image unmount -- abc123',
  ]);
});

test('without podman, a working container of buildah', { skip }, async (t) => {
  const { calls } = await withPrograms(t, { buildah: BUILDAH });
  const mounted = mountStorageImage('localhost/x:v1');
  assert.equal(mounted.path, '/mounted/x');
  mounted.close();
  assert.deepEqual(await calls(), [
    'buildah from --pull-never --quiet -- localhost/x:v1',
    'buildah mount -- x-working-container',
    'buildah umount -- x-working-container',
    'buildah rm -- x-working-container',
  ]);
});

test('a working container that cannot be mounted is removed', { skip }, async (t) => {
  const { calls } = await withPrograms(t, {
    buildah: 'case "$1" in from) echo c;; mount) echo broken >&2; exit 1;; esac',
  });
  assert.throws(() => mountStorageImage('x'), coded('ERR_STORAGE_MOUNT', 'containers-storage:x', 'broken'));
  assert.equal((await calls()).at(-1), 'buildah rm -- c');
});

test('no tool, no such image, no mount: each is told apart', { skip }, async (t) => {
  await withPrograms(t, {});
  assert.throws(() => mountStorageImage('x'), coded('ERR_STORAGE_MOUNT', 'neither podman nor buildah'));
  await withPrograms(t, { podman: 'echo "Error: inspecting object: x: image not known" >&2; exit 125' });
  assert.throws(
    () => mountStorageImage('x'),
    coded('ERR_IMAGE_MISSING', 'containers-storage:x', 'podman images'),
  );
  await withPrograms(t, { podman: 'echo "Error: overlay: no" >&2; exit 125' });
  assert.throws(() => mountStorageImage('x'), coded('ERR_STORAGE_MOUNT', 'podman failed', 'overlay: no'));
  assert.throws(() => mountStorageImage('[vfs@/a+/b]x'), coded('ERR_STORAGE_MOUNT', 'storage of its own'));
});

test('who is not root is told where the image can be mounted', { skip }, () => {
  const { getuid } = process;
  process.getuid = () => 1000;
  try {
    assert.throws(() => mountStorageImage('x'), coded('ERR_STORAGE_MOUNT', 'podman unshare'));
  } finally {
    if (getuid !== undefined) process.getuid = getuid;
  }
});

test('a signal unmounts, and so does the end of the process', { skip }, async (t) => {
  for (const ending of [
    "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)",
    'process.exit(3)',
  ]) {
    const { bin, calls } = await withPrograms(t, { podman: PODMAN });
    const program = `import { mountStorageImage } from '${ROOT}/src/container/import/storage-mount.ts';
mountStorageImage('x');
${ending}`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { env: { PATH: bin } });
    await once(child, 'exit');
    assert.equal((await calls()).at(-1), 'podman image unmount -- abc123');
  }
});
