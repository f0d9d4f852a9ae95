import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { digestHex } from '../../../src/oci/model/descriptor.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { putBlob } from '../../../src/oci/write/image-sink.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled, unlessRoot } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';
import { oneFileTar, run, testFolder, writeSmallImage } from '../../support/small-image.ts';

const A = { tars: [oneFileTar('a')] };
const B = { tars: [oneFileTar('b'), oneFileTar('b')] };

test('a new directory holds exactly the layout', async (t) => {
  const path = join(await testFolder(t), 'image');
  const manifest = await writeSmallImage(await createLayoutSink({ path, tag: 'v1' }), B);
  assert.deepEqual((await readdir(path)).toSorted(), ['blobs', 'index.json', 'oci-layout']);
  assert.equal(await readFile(join(path, 'oci-layout'), 'utf8'), '{"imageLayoutVersion":"1.0.0"}');
  // One layer (both are equal), config, manifest.
  const blobs = await readdir(join(path, 'blobs/sha256'));
  assert.equal(blobs.length, 3);
  assert.ok(blobs.includes(digestHex(manifest.digest)));
  assert.deepEqual(await readdir(join(path, '..')), ['image']);
});

test('equal images give equal bytes, whatever the place', async (t) => {
  const folder = await testFolder(t);
  for (const name of ['one', 'two']) {
    await writeSmallImage(await createLayoutSink({ path: join(folder, name), tag: 'x' }), B);
  }
  await run('diff', ['-r', join(folder, 'one'), join(folder, 'two')]);
});

test('a tag is added, or replaced where it was', async (t) => {
  const path = join(await testFolder(t), 'image');
  const write = async (tag: string | undefined, image: typeof A) =>
    (await writeSmallImage(await createLayoutSink({ path, tag }), image)).digest;
  const [a, b] = [await write('one', A), await write('two', B)];
  assert.deepEqual(await entries(path), [
    ['one', a],
    ['two', b],
  ]);
  assert.equal(await write('one', B), b);
  assert.deepEqual(await entries(path), [
    ['two', b],
    ['one', b],
  ]);
  await write(undefined, A);
  assert.deepEqual(await entries(path), [[undefined, a]]);
});

test('something else than a layout is left as it is', async (t) => {
  const folder = await testFolder(t);
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full/precious'), 'x');
  await writeFile(join(folder, 'file'), 'x');
  await symlink('nowhere', join(folder, 'link'));
  for (const name of ['full', 'file', 'link']) {
    const path = join(folder, name);
    await assert.rejects(createLayoutSink({ path, tag: 'x' }), coded('ERR_IMAGE_TARGET', path));
  }
  assert.deepEqual(await readdir(folder), ['file', 'full', 'link']);
  assert.deepEqual(await readdir(join(folder, 'full')), ['precious']);
});

test('a layout with a broken index is left as it is', async (t) => {
  const path = join(await testFolder(t), 'image');
  await writeSmallImage(await createLayoutSink({ path, tag: 'x' }), A);
  await writeFile(join(path, 'index.json'), '{');
  await assert.rejects(createLayoutSink({ path, tag: 'y' }), coded('ERR_JSON', 'index.json'));
  assert.equal(await readFile(join(path, 'index.json'), 'utf8'), '{');
});

test('an empty directory is filled, and emptied again by abort', async (t) => {
  const path = await testFolder(t);
  const sink = await createLayoutSink({ path, tag: undefined });
  await putBlob(sink, Buffer.from('blob'), 'x/y');
  await sink.abort();
  assert.deepEqual(await readdir(path), []);
  await writeSmallImage(await createLayoutSink({ path, tag: undefined }), A);
  assert.equal((await entries(path)).length, 1);
});

test('abort leaves nothing of a new layout, and an old one as it was', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'image');
  const start = async () => {
    const sink = await createLayoutSink({ path, tag: 'new' });
    await putBlob(sink, Buffer.from('new blob'), 'x/y');
    const open = await sink.openBlob();
    await open.write(Buffer.from('half'));
    await open.abort();
    return sink;
  };
  await (await start()).abort();
  assert.deepEqual(await readdir(folder), []);

  await writeSmallImage(await createLayoutSink({ path, tag: 'old' }), A);
  await run('cp', ['-a', path, join(folder, 'before')]);
  await (await start()).abort();
  await run('diff', ['-r', path, join(folder, 'before')]);
});

test('blobs that another writer has meanwhile published are not taken away by abort', async (t) => {
  const path = join(await testFolder(t), 'image');
  await writeSmallImage(await createLayoutSink({ path, tag: 'old' }), A);
  const [failing, other] = [
    await createLayoutSink({ path, tag: 'x' }),
    await createLayoutSink({ path, tag: 'y' }),
  ];
  const { digest } = await putBlob(failing, Buffer.from('shared'), 'x/y');
  await putBlob(other, Buffer.from('shared'), 'x/y');
  await writeSmallImage(other, B);
  await failing.abort();
  assert.equal(await readFile(join(path, 'blobs/sha256', digestHex(digest)), 'utf8'), 'shared');
});

/** Writes half an image and says so; with `TAG` set, under a tag. */
const HALF = `
  import { createLayoutSink } from ${JSON.stringify(join(ROOT, 'src/oci/write/layout-directory.ts'))};
  const sink = await createLayoutSink({ path: process.argv[2], tag: process.env.TAG });
  const blob = await sink.openBlob();
  await blob.write(Buffer.alloc(100000));
  console.log('half');
  setInterval(() => {}, 1000);`;

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`${signal} in the middle leaves nothing under the final name`, async (t) => {
    const folder = await testFolder(t);
    const script = join(folder, 'half.mjs');
    await writeFile(script, HALF);
    const old = join(folder, 'old');
    await writeSmallImage(await createLayoutSink({ path: old, tag: 'x' }), A);
    const before = await entries(old);
    for (const path of [join(folder, 'new'), old]) {
      const child = spawn(process.execPath, [script, path], {
        env: { ...process.env, TAG: 'y' },
        stdio: 'pipe',
      });
      await once(child.stdout, 'data');
      child.kill(signal);
      assert.deepEqual(await once(child, 'exit'), [null, signal]);
    }
    const left = await readdir(folder, { recursive: true });
    assert.ok(!left.includes('new'));
    assert.deepEqual(await entries(old), before);
    if (signal !== 'SIGKILL')
      assert.deepEqual(
        left.filter((name) => name.includes('.tmp')),
        [],
      );
    // What was left does not hinder the next run.
    await writeSmallImage(await createLayoutSink({ path: join(folder, 'new'), tag: undefined }), A);
  });
}

test('a full disk is named, and nothing is left', {
  skip: unlessRoot() || unlessInstalled('mount'),
}, async (t) => {
  const mounted = await mkdtemp(join(tmpdir(), 'treeport-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mounted]);
  t.after(async () => {
    await run('umount', [mounted]);
    await rm(mounted, { recursive: true });
  });
  const path = join(mounted, 'image');
  const noise = oneFileTar((await run('head', ['-c', '3000000', '/dev/urandom'], NOISE)).stdout);
  const sink = await createLayoutSink({ path, tag: undefined });
  const image = { tars: [noise], compression: parseCompression('gzip:1') };
  await assert.rejects(writeSmallImage(sink, image), coded('ERR_DISK_FULL', path));
  await sink.abort();
  assert.deepEqual(await readdir(mounted), []);
});

const NOISE = { encoding: 'buffer', maxBuffer: 4_000_000 } as const;

test('a directory that cannot be made names the target', async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'no/such/parent');
  await assert.rejects(createLayoutSink({ path, tag: undefined }), coded('ERR_IO', path));
});

test('skopeo reads what is written', { skip: unlessInstalled('skopeo') }, async (t) => {
  const folder = await testFolder(t);
  const path = join(folder, 'image');
  for (const [tag, compression] of [
    ['gz', 'gzip'],
    ['zst', 'zstd'],
  ] as const) {
    const sink = await createLayoutSink({ path, tag });
    const { digest } = await writeSmallImage(sink, { ...B, compression: parseCompression(compression) });
    const { stdout } = await run('skopeo', ['inspect', `oci:${path}:${tag}`]);
    assert.equal(JSON.parse(stdout).Digest, digest);
    assert.equal(JSON.parse(stdout).Labels.test, 'small');
    await run('skopeo', ['copy', `oci:${path}:${tag}`, `dir:${join(folder, tag)}`]);
  }
});

async function entries(path: string): Promise<(readonly [string | undefined, string])[]> {
  const { manifests } = JSON.parse(await readFile(join(path, 'index.json'), 'utf8'));
  return manifests.map((entry: { digest: string; annotations?: Record<string, string> }) => [
    entry.annotations?.['org.opencontainers.image.ref.name'],
    entry.digest,
  ]);
}

test('a blob that the layout has is not written again, unless it is damaged', async (t) => {
  const path = join(await testFolder(t), 'image');
  const manifest = await writeSmallImage(await createLayoutSink({ path, tag: 'v1' }), A);
  const sink = await createLayoutSink({ path, tag: 'v2' });
  try {
    assert.equal(await sink.has(manifest), true);
    assert.equal(await sink.has({ ...manifest, size: manifest.size + 1 }), false);
    const blob = join(path, 'blobs/sha256', digestHex(manifest.digest));
    await writeFile(blob, Buffer.alloc(manifest.size));
    assert.equal(await sink.has(manifest), false);
    await rm(blob);
    assert.equal(await sink.has(manifest), false);
  } finally {
    await sink.abort();
  }
});
