import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { type Descriptor, digestHex, digestOf } from '../../../src/oci/model/descriptor.ts';
import { MEDIA_TYPE_MANIFEST } from '../../../src/oci/model/media-types.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { OpenImageOptions } from '../../../src/oci/read/open-image-options.ts';
import type { OpenedImage } from '../../../src/oci/read/opened-image.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { eventually } from '../../e2e/support/processes.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';
import { mixedBytes, oneFileTar, run, testFolder, writeSmallImage } from '../../support/small-image.ts';

const TARS = [
  oneFileTar('a'),
  oneFileTar(mixedBytes(3_000_000)),
  oneFileTar(mixedBytes(2_000_000).reverse()),
];
const skip = unlessInstalled('skopeo');

async function openText(text: string, options: OpenImageOptions = {}): Promise<OpenedImage> {
  return openImage(parseImageReference(text), options);
}

function setEnvironment(t: TestContext, name: string, value: string): void {
  const before = process.env[name];
  process.env[name] = value;
  t.after(() => {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  });
}

/** The image as a layout and, by skopeo, in a `dir:`; temporary files go to an empty folder of their own. */
async function places(t: TestContext) {
  const folder = await testFolder(t);
  const layout = join(folder, 'layout');
  const sink = await createLayoutSink({ path: layout, tag: 'v1' });
  const manifest = await writeSmallImage(sink, { tars: TARS, compression: parseCompression('gzip') });
  const directory = join(folder, 'dir');
  await run('skopeo', ['copy', '-q', `oci:${layout}:v1`, `dir:${directory}`]);
  const temporary = await testFolder(t);
  setEnvironment(t, 'TMPDIR', temporary);
  return { folder, layout, directory, manifest, temporary };
}

/** Pipes and sockets that this process has open. */
function openPipes(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${descriptor}`);
      return /^(?:pipe|socket):/.test(target) ? [target] : [];
    } catch {
      return [];
    }
  });
}

/** Processes that this one started and that are still there, ended or not. */
function children(): readonly string[] {
  return childrenOf('self');
}

function childrenOf(pid: string): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  );
}

/** Opens and closes once, so that what the process keeps for good is there, and gives what may not grow. */
async function afterOneImage(text: string) {
  await (await openText(text)).close();
  return { pipes: openPipes(), children: children() };
}

function nothingHeld(before: { readonly pipes: readonly string[]; readonly children: readonly string[] }) {
  assert.deepEqual(openPipes(), before.pipes);
  assert.deepEqual(children(), before.children);
}

test('a dir: is streamed, and nothing is stored on the way', { skip }, async (t) => {
  const { directory, manifest, temporary } = await places(t);
  const image = await openText(`dir:${directory}`);
  assert.equal(image.manifestDigest, manifest.digest);
  assert.equal(digestOf(image.manifestBytes), manifest.digest);
  assert.equal(digestOf(image.configBytes), image.manifest.config.digest);
  for (const [i, layer] of image.manifest.layers.entries()) {
    assert.ok((await collect(image.layer(layer))).equals(TARS[i] as Buffer));
    assert.equal(digestOf(await collect(image.blob(layer))), layer.digest);
  }
  assert.deepEqual(await readdir(temporary), []);
  await image.close();
});

test('several blobs are read at once, at different paces', { skip }, async (t) => {
  const { directory } = await places(t);
  const image = await openText(`dir:${directory}`);
  const { layers } = image.manifest;
  const streams = layers.map((layer) => image.layer(layer));
  const parts = streams.map((): Buffer[] => []);
  for (let going = streams.length; going > 0; ) {
    going = 0;
    for (const [i, stream] of streams.entries()) {
      const { value, done } = await stream.next();
      if (done !== true) {
        going += 1;
        parts[i]?.push(value);
      }
    }
  }
  assert.ok(parts.every((part, i) => Buffer.concat(part).equals(TARS[i] as Buffer)));
  const together = await Promise.all([...layers, ...layers].map((layer) => collect(image.layer(layer))));
  assert.ok(together.every((tar, i) => tar.equals(TARS[i % TARS.length] as Buffer)));
  await image.close();
});

test('no process and no descriptor stays, however the reading ends', { skip }, async (t) => {
  const { directory } = await places(t);
  const before = await afterOneImage(`dir:${directory}`);
  const image = await openText(`dir:${directory}`);
  const [, large, other] = image.manifest.layers as [Descriptor, Descriptor, Descriptor];
  for (let i = 0; i < 5; i += 1) {
    const stream = image.blob(large);
    assert.equal((await stream.next()).done, false);
    await stream.return(undefined);
  }
  const thrown = async () => {
    for await (const _ of image.layer(large)) throw new Error('enough');
  };
  await assert.rejects(thrown(), /enough/);
  assert.ok((await collect(image.layer(other))).equals(TARS[2] as Buffer));
  const halfRead = image.blob(large);
  await halfRead.next();
  await halfRead.return(undefined);
  await Promise.all([image.close(), image.close()]);
  nothingHeld(before);
  await image.close();
  await assert.rejects(collect(image.blob(large)), coded('ERR_SKOPEO', 'closed'));
});

test('a blob that was changed, cut or removed is refused, and the next one is read', { skip }, async (t) => {
  const { directory } = await places(t);
  const image = await openText(`dir:${directory}`);
  const [small, large, other] = image.manifest.layers as [Descriptor, Descriptor, Descriptor];
  const file = join(directory, digestHex(large.digest));
  const bytes = await readFile(file);
  const changed = Buffer.from(bytes);
  changed[bytes.length - 6] = (changed[bytes.length - 6] ?? 0) ^ 1;
  const bad = [
    changed,
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, 100),
    Buffer.concat([bytes, bytes]),
  ];
  for (const content of bad) {
    await writeFile(file, content);
    await assert.rejects(collect(image.blob(large)), coded('ERR_BLOB_CORRUPT', large.digest));
    await assert.rejects(collect(image.layer(large)), coded('ERR_BLOB_CORRUPT', large.digest));
    assert.ok((await collect(image.layer(other))).equals(TARS[2] as Buffer));
  }
  await rm(file);
  await assert.rejects(collect(image.blob(large)), coded('ERR_BLOB_MISSING', large.digest));
  assert.ok((await collect(image.layer(small))).equals(TARS[0] as Buffer));
  await image.close();
});

test('skopeo killed while it is read from: an error, nothing held', { skip }, async (t) => {
  const { directory } = await places(t);
  const before = await afterOneImage(`dir:${directory}`);
  const image = await openText(`dir:${directory}`);
  const [pid] = children().filter((child) => !before.children.includes(child));
  const large = image.manifest.layers[1] as Descriptor;
  const stream = image.blob(large);
  await stream.next();
  process.kill(Number(pid), 'SIGKILL');
  await assert.rejects(collect(stream), coded('ERR_SKOPEO', `dir:${directory}`, 'SIGKILL'));
  await assert.rejects(collect(image.blob(large)), coded('ERR_SKOPEO', 'SIGKILL'));
  await image.close();
  nothingHeld(before);
});

test('what is not there is named, and nothing is held', { skip }, async (t) => {
  const { directory, folder } = await places(t);
  const before = await afterOneImage(`dir:${directory}`);
  const missing = `dir:${folder}/nowhere`;
  await assert.rejects(openText(missing), coded('ERR_IMAGE_MISSING', missing));
  await assert.rejects(
    openText(`docker-archive:${folder}/nowhere.tar`),
    coded('ERR_IMAGE_MISSING', 'nowhere.tar'),
  );
  await writeFile(join(folder, 'text'), 'no archive');
  await assert.rejects(openText(`docker-archive:${folder}/text`), coded('ERR_SKOPEO', 'text'));
  await assert.rejects(openText('docker://UPPER CASE'), coded('ERR_IMAGE_REFERENCE', 'UPPER CASE'));
  nothingHeld(before);
});

test('a docker-archive: is read as an image of OCI', { skip }, async (t) => {
  const { folder, layout } = await places(t);
  const archive = join(folder, 'image.tar');
  await run('skopeo', ['copy', '-q', `oci:${layout}:v1`, `docker-archive:${archive}:localhost/x:v1`]);
  for (const text of [`docker-archive:${archive}`, `docker-archive:${archive}:localhost/x:v1`]) {
    const image = await openText(text);
    assert.equal(image.manifest.mediaType, MEDIA_TYPE_MANIFEST);
    assert.equal(digestOf(image.configBytes), image.manifest.config.digest);
    assert.equal(image.config.config?.Labels?.test, 'small');
    for (const [i, layer] of image.manifest.layers.entries())
      assert.ok((await collect(image.layer(layer))).equals(TARS[i] as Buffer), text);
    await image.close();
  }
});

test('of several images the one for the platform is opened', { skip }, async (t) => {
  const { directory, manifest } = await places(t);
  const amd64 = { architecture: 'amd64', os: 'linux' };
  const image = await openText(`dir:${directory}`, { platform: amd64 });
  assert.equal(image.manifestDigest, manifest.digest);
  await image.close();
  const s390 = { architecture: 's390x', os: 'linux' };
  await assert.rejects(openText(`dir:${directory}`, { platform: s390 }), coded('ERR_IMAGE_MISSING', 's390x'));
});

test('who reads twice gets a copy, which goes when the image is closed', { skip }, async (t) => {
  const { directory, manifest, temporary, layout } = await places(t);
  const image = await openText(`dir:${directory}`, { reread: true });
  assert.equal(image.manifestDigest, manifest.digest);
  assert.ok((await collect(image.layer(image.manifest.layers[1] as Descriptor))).equals(TARS[1] as Buffer));
  assert.equal((await readdir(temporary)).length, 1);
  await image.close();
  assert.deepEqual(await readdir(temporary), []);
  await assert.rejects(openText(`dir:${layout}`, { reread: true }), coded('ERR_IMAGE_MISSING', 'manifest'));
  assert.deepEqual(await readdir(temporary), []);
});

test('the policy decides, over images in files only when asked to', { skip }, async (t) => {
  const { directory, folder, layout, manifest, temporary } = await places(t);
  const policy = join(folder, 'policy.json');
  setEnvironment(t, 'CONTAINERS_POLICY_JSON', policy);
  const accept = [{ type: 'insecureAcceptAnything' }];
  const reject = [{ type: 'reject' }];
  await writeFile(policy, JSON.stringify({ default: reject }));
  await assert.rejects(openText(`dir:${directory}`), coded('ERR_POLICY', `dir:${directory}`));
  await (await openText(`oci:${layout}:v1`)).close();
  await assert.rejects(openText(`oci:${layout}:v1`, { enforcePolicy: true }), coded('ERR_POLICY', layout));

  await writeFile(
    policy,
    JSON.stringify({ default: reject, transports: { dir: { '': accept }, oci: { '': accept } } }),
  );
  for (const text of [`dir:${directory}`, `oci:${layout}:v1`]) {
    const image = await openText(text, { enforcePolicy: true });
    assert.equal(image.manifestDigest, manifest.digest);
    await image.close();
  }
  await rm(policy);
  await assert.rejects(openText(`dir:${directory}`), coded('ERR_POLICY', policy));
  assert.deepEqual(await readdir(temporary), []);
});

test('skopeo absent: says what to install', async (t) => {
  setEnvironment(t, 'PATH', await testFolder(t));
  await assert.rejects(openText('docker://localhost/x'), coded('ERR_SKOPEO_MISSING', 'install'));
});

test('skopeo ends when this process is killed', { skip }, async (t) => {
  const { directory } = await places(t);
  const program = `import { openImage } from '${ROOT}/src/oci/read/open-image.ts';
const image = await openImage({ transport: 'dir', name: '${directory}' });
console.log('open');
setInterval(() => image, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const [skopeo = ''] = childrenOf(String(child.pid));
  assert.match(readFileSync(`/proc/${skopeo}/cmdline`, 'utf8'), /experimental-image-proxy/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  // Whoever inherits it may not care for its exit status; it has no command line then.
  const command = `/proc/${skopeo}/cmdline`;
  await eventually(
    'skopeo has ended',
    () => !existsSync(command) || readFileSync(command).length === 0 || undefined,
  );
});
