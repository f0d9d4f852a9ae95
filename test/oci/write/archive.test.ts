import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { digestHex } from '../../../src/oci/model/descriptor.ts';
import { createArchiveSink } from '../../../src/oci/write/archive.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { putBlob } from '../../../src/oci/write/image-sink.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { mixedBytes, oneFileTar, run, testFolder, writeSmallImage } from '../../support/small-image.ts';

const IMAGE = { tars: [oneFileTar('a'), oneFileTar(mixedBytes(700_001)), oneFileTar('a')] };

test('an archive is a plain tar of the layout, every blob once', {
  skip: unlessInstalled('tar'),
}, async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'image.oci');
  const { digest } = await writeSmallImage(await createArchiveSink({ path, tag: 'v1' }), IMAGE);
  const { stdout } = await run('tar', ['--list', '--verbose', '--numeric-owner', '--utc', '-f', path]);
  const lines = stdout.trim().split('\n');
  for (const line of lines) assert.match(line, /^(-rw-r--r--|drwxr-xr-x) 0\/0 +\d+ 1970-01-01 00:00 /);
  const names = lines.map((line) => line.split(' ').at(-1) ?? '');
  assert.deepEqual(names.slice(0, 2), ['blobs/', 'blobs/sha256/']);
  assert.deepEqual(names.slice(-2), ['oci-layout', 'index.json']);
  assert.equal(names.length, 2 + 4 + 2);
  assert.equal(new Set(names).size, names.length);

  await run('tar', ['-xf', path, '-C', folder]);
  for (const name of await readdir(join(folder, 'blobs/sha256'))) {
    const sum = await run('sha256sum', [join(folder, 'blobs/sha256', name)]);
    assert.equal(sum.stdout.slice(0, 64), name);
  }
  const index = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  assert.equal(index.manifests.length, 1);
  assert.equal(index.manifests[0].digest, digest);
  assert.deepEqual(index.manifests[0].annotations, { 'org.opencontainers.image.ref.name': 'v1' });
});

test('blobs wait for their turn, and one that is dropped leaves no trace', async (t) => {
  const folder = await testFolder(t);
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  const plain = await createArchiveSink({ path: one, tag: undefined });
  for (const text of ['first', 'second']) await putBlob(plain, Buffer.from(text), 'x/y');
  await writeSmallImage(plain, { tars: [] });

  const busy = await createArchiveSink({ path: two, tag: undefined });
  const first = await busy.openBlob();
  const dropped = busy.openBlob().then(async (blob) => {
    await blob.write(Buffer.alloc(5000));
    await blob.abort();
  });
  const second = putBlob(busy, Buffer.from('second'), 'x/y');
  await first.write(Buffer.from('first'));
  await first.commit('sha256:a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e');
  await Promise.all([dropped, second]);
  await writeSmallImage(busy, { tars: [] });
  assert.ok((await readFile(one)).equals(await readFile(two)));
});

test('an archive is replaced; something else is left as it is', async (t) => {
  const folder = await testFolder(t);
  const archive = join(folder, 'image.oci');
  await writeFile(archive, '');
  await writeSmallImage(await createArchiveSink({ path: archive, tag: undefined }), IMAGE);
  const bytes = await readFile(archive);
  await writeSmallImage(await createArchiveSink({ path: archive, tag: 'x' }), { tars: [] });
  assert.ok(!(await readFile(archive)).equals(bytes));

  await writeFile(join(folder, 'text'), 'precious');
  await writeFile(join(folder, 'other.tar'), oneFileTar('precious'));
  await mkdir(join(folder, 'directory'));
  const before = await readdir(folder);
  for (const name of ['text', 'other.tar', 'directory']) {
    const path = join(folder, name);
    await assert.rejects(createArchiveSink({ path, tag: 'x' }), coded('ERR_IMAGE_TARGET', path));
  }
  await assert.rejects(createArchiveSink({ path: '/dev/null', tag: 'x' }), coded('ERR_IMAGE_TARGET'));
  assert.deepEqual(await readdir(folder), before);
  assert.ok((await readFile(join(folder, 'other.tar'))).equals(oneFileTar('precious')));
});

test('a symlink to an archive leads to what is replaced, and stays', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'real'));
  await symlink('real/image.oci', join(folder, 'link'));
  for (const tag of ['first', 'second']) {
    await writeSmallImage(await createArchiveSink({ path: join(folder, 'link'), tag }), IMAGE);
    assert.equal(await readlink(join(folder, 'link')), 'real/image.oci');
    assert.ok((await readFile(join(folder, 'real/image.oci'))).includes(tag));
  }
  assert.deepEqual(await readdir(join(folder, 'real')), ['image.oci']);
});

test('abort removes the temporary file', async (t) => {
  const folder = await testFolder(t);
  const sink = await createArchiveSink({ path: join(folder, 'image.oci'), tag: undefined });
  await putBlob(sink, Buffer.from('x'), 'x/y');
  assert.equal((await readdir(folder)).length, 1);
  await sink.abort();
  assert.deepEqual(await readdir(folder), []);
});

test('a write that fails names the target, and everything after it fails too', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'no/image.oci');
  await assert.rejects(createArchiveSink({ path, tag: undefined }), coded('ERR_IO', path));
  const sink = await createArchiveSink({ path: join(folder, 'image.oci'), tag: undefined });
  await sink.abort();
  await assert.rejects(putBlob(sink, Buffer.from('x'), 'x/y'), coded('ERR_IO', 'image.oci'));
});

test('skopeo and podman read it', { skip: unlessInstalled('skopeo', 'podman') }, async (t) => {
  const folder = await testFolder(t);
  for (const compression of ['gzip', 'zstd']) {
    const path = join(folder, `${compression}.oci`);
    const sink = await createArchiveSink({ path, tag: 'treeport-test/small:1' });
    const image = { tars: [oneFileTar(mixedBytes(10_000))], compression: parseCompression(compression) };
    const { digest } = await writeSmallImage(sink, image);
    const { stdout } = await run('skopeo', ['inspect', `oci-archive:${path}`]);
    assert.equal(JSON.parse(stdout).Digest, digest);
    const layout = join(folder, compression);
    await run('skopeo', ['copy', `oci-archive:${path}`, `dir:${layout}`]);
    const manifest = JSON.parse(await readFile(join(layout, 'manifest.json'), 'utf8'));
    assert.ok((await readdir(layout)).includes(digestHex(manifest.layers[0].digest)));
    const storage = [
      '--root',
      join(folder, 'storage'),
      '--runroot',
      join(folder, 'run'),
      '--storage-driver',
      'vfs',
    ];
    assert.match(
      (await run('podman', [...storage, 'load', '--input', path])).stdout,
      /treeport-test\/small:1/,
    );
  }
});
