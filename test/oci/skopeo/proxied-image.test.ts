import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { type Descriptor, digestHex, digestOf } from '../../../src/oci/model/descriptor.ts';
import { MEDIA_TYPE_LAYER } from '../../../src/oci/model/media-types.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { OpenImageOptions } from '../../../src/oci/read/open-image-options.ts';
import type { OpenedImage } from '../../../src/oci/read/opened-image.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { ROOT } from '../../support/project.ts';
import { mixedBytes, oneFileTar, testFolder, writeSmallImage } from '../../support/small-image.ts';

const TARS = [oneFileTar('a'), oneFileTar(mixedBytes(500_000))];
const skip = unlessInstalled('python3');

type Reply = {
  readonly value?: unknown;
  readonly error?: string;
  readonly bytes?: string;
  readonly raw?: string;
  readonly descriptors?: number;
  readonly exit?: string;
  readonly stall?: boolean;
};
type Answers = {
  readonly version?: string;
  readonly replies?: Readonly<Record<string, Reply>>;
  readonly blobs?: Readonly<Record<string, string>>;
};

function setEnvironment(t: TestContext, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

/** An image behind a proxy that answers as a test says, on top of what a proxy would say of that image. */
async function place(t: TestContext, policy: object = { default: [{ type: 'insecureAcceptAnything' }] }) {
  const folder = await testFolder(t);
  const layout = join(folder, 'layout');
  const sink = await createLayoutSink({ path: layout, tag: 'v1' });
  const manifest = await writeSmallImage(sink, { tars: TARS, compression: parseCompression('gzip') });
  const file = ({ digest }: Pick<Descriptor, 'digest'>) => join(layout, 'blobs/sha256', digestHex(digest));
  const { config, layers } = JSON.parse(await readFile(file(manifest), 'utf8'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await copyFile(join(ROOT, 'test/support/image-proxy.py'), join(bin, 'skopeo'));
  await chmod(join(bin, 'skopeo'), 0o755);
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy));
  await writeFile(join(folder, 'log'), '');
  setEnvironment(t, {
    PATH: `${bin}:${process.env.PATH}`,
    PROXY_ANSWERS: join(folder, 'answers.json'),
    PROXY_LOG: join(folder, 'log'),
    CONTAINERS_POLICY_JSON: join(folder, 'policy.json'),
  });
  const known = Object.fromEntries([config, ...layers].map((blob) => [blob.digest, file(blob)]));
  const open = async (
    text: string,
    { version = '0.2.8', replies = {}, blobs = {} }: Answers = {},
    options: OpenImageOptions = {},
  ) => {
    const all = { GetManifest: { value: manifest.digest, bytes: file(manifest) }, ...replies };
    const answers = { version, replies: all, blobs: { ...known, ...blobs } };
    await writeFile(join(folder, 'answers.json'), JSON.stringify(answers));
    return openImage(parseImageReference(text), options);
  };
  const calls = async () => (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n');
  return { folder, file, manifest, config, layers: layers as readonly Descriptor[], open, calls };
}

async function readAll(image: OpenedImage): Promise<readonly Buffer[]> {
  const tars = await Promise.all(image.manifest.layers.map((layer) => collect(image.layer(layer))));
  await image.close();
  return tars;
}

test('the proxy is told the policy, and shut down when the image is closed', { skip }, async (t) => {
  const { folder, open, calls, manifest } = await place(t);
  const image = await open('docker://registry.example.com/x:1');
  assert.equal(image.manifestDigest, manifest.digest);
  for (const [i, layer] of image.manifest.layers.entries())
    assert.ok((await collect(image.layer(layer))).equals(TARS[i] as Buffer));
  await image.close();
  const [command, ...methods] = await calls();
  assert.equal(command, `--policy ${folder}/policy.json experimental-image-proxy --sockfd 3`);
  assert.deepEqual(methods.slice(0, 3), ['Initialize', 'OpenImage', 'GetManifest']);
  assert.deepEqual(methods.slice(-2), ['CloseImage', 'Shutdown']);
});

test('a range of a blob is read through: what follows it is not', { skip }, async (t) => {
  const { open, file, layers } = await place(t);
  const image = await open('docker://registry.test/os');
  t.after(() => image.close());
  const layer = layers[1] as Descriptor;
  const whole = await readFile(file(layer));
  const end = layer.size;
  for (const [from, to] of [
    [0, end],
    [1000, 200_000],
    [end - 1, end],
    [5, 5],
  ] as const)
    assert.ok((await collect(image.bytes(layer, from, to))).equals(whole.subarray(from, to)));
  assert.throws(() => image.bytes(layer, 0, end + 1), RangeError);
});

test('blobs that are read at once have proxies of their own, up to four', { skip }, async (t) => {
  const { open, layers, calls } = await place(t);
  const image = await open('docker://registry.example.com/x:1');
  const starts = async () =>
    (await calls()).filter((line) => line.includes('experimental-image-proxy')).length;
  const large = layers[1] as Descriptor;
  const streams = Array.from({ length: 6 }, () => image.layer(large));
  for (const stream of streams) assert.equal((await stream.next()).done, false);
  assert.equal(await starts(), 4);
  for (const stream of streams) await stream.return(undefined);
  assert.ok((await collect(image.layer(large))).equals(TARS[1] as Buffer));
  assert.equal(await starts(), 4);
  await image.close();
  assert.equal((await calls()).filter((line) => line === 'Shutdown').length, 4);
});

test('a blob that never comes holds up no other, and aborting ends it with the reason', {
  skip,
}, async (t) => {
  const { open, layers } = await place(t);
  const [small, large] = layers as [Descriptor, Descriptor];
  const image = await open('docker://registry.example.com/x:1', { blobs: { [small.digest]: 'stall' } });
  const stalled = collect(image.blob(small));
  stalled.catch(() => {});
  assert.ok((await collect(image.layer(large))).equals(TARS[1] as Buffer));
  image.abort(new Error('another layer is bad'));
  image.abort(new Error('a later fault'));
  await assert.rejects(stalled, /another layer is bad/);
  await assert.rejects(collect(image.blob(large)), /another layer is bad/);
  await image.close();
});

test('a reply or a blob that does not come in time is a stall', { skip }, async (t) => {
  const { open, layers } = await place(t);
  const [small] = layers as [Descriptor];
  const text = 'docker://registry.example.com/x:1';
  for (const method of ['OpenImage', 'GetManifest']) {
    const replies = { [method]: { stall: true } } as const;
    await assert.rejects(
      open(text, { replies }, { stallTimeout: 0.2 }),
      coded('ERR_REGISTRY_STALLED', text, '0.2 s', '--stall-timeout'),
    );
  }
  const image = await open(text, { blobs: { [small.digest]: 'stall' } }, { stallTimeout: 1 });
  await assert.rejects(collect(image.layer(small)), coded('ERR_REGISTRY_STALLED', small.digest));
  await image.close();
});

test('an image that is closed while its registry stalls is closed at once', { skip }, async (t) => {
  const { open, layers } = await place(t);
  const [small] = layers as [Descriptor];
  const stalling = { blobs: { [small.digest]: 'stall' } };
  const image = await open('docker://registry.example.com/x:1', stalling, { stallTimeout: 0 });
  const stream = image.blob(small);
  const first = stream.next();
  first.catch(() => {});
  // Its pipe is there when the proxy has been asked for something else.
  await collect(image.blob(layers[1] as Descriptor));
  await image.close();
  await assert.rejects(first);
});

test('layers of container storage are read as they lie there', { skip }, async (t) => {
  const { folder, open, layers, manifest } = await place(t);
  const blobs: Record<string, string> = {};
  const value = [];
  for (const [i, tar] of TARS.entries()) {
    blobs[digestOf(tar)] = join(folder, `tar${i}`);
    await writeFile(join(folder, `tar${i}`), tar);
    value.push({ digest: digestOf(tar), size: tar.length, media_type: MEDIA_TYPE_LAYER });
  }
  const image = await open('containers-storage:x', {
    version: '0.2.5',
    replies: { GetLayerInfo: { value } },
    blobs,
  });
  assert.equal(image.manifestDigest, manifest.digest);
  assert.deepEqual(
    image.manifest.layers.map(({ digest }) => digest),
    TARS.map(digestOf),
  );
  assert.notDeepEqual(image.manifest.layers, layers);
  assert.ok((await readAll(image)).every((tar, i) => tar.equals(TARS[i] as Buffer)));
});

test('a proxy that is too old for the work is not used for it: the image is copied', { skip }, async (t) => {
  const { open, calls } = await place(t, { default: [{ type: 'reject' }] });
  const copied = coded('ERR_SKOPEO', 'does nothing else');
  await assert.rejects(open('docker://registry.example.com/x:1', { version: '0.2.5' }), copied);
  assert.match((await calls()).at(-1) ?? '', / copy .* docker:\/\/registry\.example\.com\/x:1 oci:/);
  for (const version of ['0.2.2', '0.3.0', '1.0.0', 'new']) {
    await assert.rejects(open('docker://registry.example.com/x:1', { version }), copied);
  }
  await (await open('docker://registry.example.com/x:1', { version: '0.2.6' })).close();
  await assert.rejects(open('containers-storage:x', { version: '0.2.4' }), copied);
});

test('a manifest that the proxy made of one of Docker is taken with the config it made', {
  skip,
}, async (t) => {
  const { open, config, file, manifest } = await place(t);
  const original = digestOf(Buffer.from("Docker's"));
  const GetManifest = { value: original, bytes: file(manifest) };
  const blobs = { [config.digest]: '/nonexistent' };
  const converted = { GetManifest, GetFullConfig: { bytes: file(config) } };
  const image = await open('docker://registry.example.com/x:1', { replies: converted, blobs });
  assert.equal(image.manifestDigest, original);
  assert.equal(digestOf(image.configBytes), config.digest);
  await image.close();
  const wrong = { GetManifest, GetFullConfig: { bytes: GetManifest.bytes } };
  await assert.rejects(
    open('docker://registry.example.com/x:1', { replies: wrong }),
    coded('ERR_BLOB_CORRUPT', config.digest),
  );
});

test('what the proxy refuses has its code and names the blob', { skip }, async (t) => {
  const { open, layers } = await place(t);
  const layer = layers[1] as Descriptor;
  const text = 'docker://registry.example.com/x:1';
  const refused = (method: string, error: string, code: ErrorCode) =>
    assert.rejects(open(text, { replies: { [method]: { error } } }), coded(code, text, error));
  await refused('OpenImage', 'manifest unknown', 'ERR_IMAGE_MISSING');
  await refused('OpenImage', 'Source image rejected: no', 'ERR_POLICY');
  await refused('GetManifest', 'i/o timeout', 'ERR_REGISTRY_UNREACHABLE');
  await refused('GetManifest', 'unauthorized', 'ERR_REGISTRY_AUTH');
  await refused('FinishPipe', 'unexpected EOF', 'ERR_REGISTRY_UNREACHABLE');
  const late = await open(text, { blobs: { [layer.digest]: '/dev/null' } });
  await assert.rejects(collect(late.blob(layer)), coded('ERR_BLOB_CORRUPT', layer.digest));
  await late.close();
});

test('a proxy that breaks the protocol or dies is an error, and nothing stays open', { skip }, async (t) => {
  const { open, manifest, file } = await place(t);
  const text = 'docker://registry.example.com/x:1';
  await (await open(text)).close();
  const before = readdirSync('/proc/self/fd').length;
  await assert.rejects(
    open(text, { replies: { OpenImage: { raw: 'no json' } } }),
    coded('ERR_JSON', 'skopeo'),
  );
  await assert.rejects(open(text, { replies: { OpenImage: { raw: '[]' } } }), coded('ERR_JSON', 'skopeo'));
  const pipeless = { GetManifest: { value: manifest.digest } };
  await assert.rejects(open(text, { replies: pipeless }), coded('ERR_SKOPEO', text, 'no pipe'));
  const broken = { GetManifest: { bytes: file(manifest), raw: '{"success":true,"pipeid":-1}' } };
  await assert.rejects(open(text, { replies: broken }), coded('ERR_JSON', 'pipeid'));
  for (const method of ['Initialize', 'OpenImage', 'GetManifest', 'FinishPipe']) {
    const replies = {
      GetManifest: { value: manifest.digest, bytes: file(manifest) },
      [method]: { exit: 'last words' },
    };
    await assert.rejects(open(text, { replies }), coded('ERR_SKOPEO', text, 'last words'));
  }
  const many = { GetManifest: { value: manifest.digest, bytes: file(manifest), descriptors: 3 } };
  await (await open(text, { replies: many })).close();
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('a second proxy that cannot open the image is an error of its blob, and is closed', {
  skip,
}, async (t) => {
  const { folder, open, layers, calls } = await place(t);
  const [small, large] = layers as [Descriptor, Descriptor];
  const image = await open('docker://registry.example.com/x:1');
  const first = image.layer(large);
  await first.next();
  // Proxies read what to answer when they start.
  const answers = JSON.parse(await readFile(join(folder, 'answers.json'), 'utf8'));
  answers.replies.OpenImage = { error: 'too many requests to registry' };
  await writeFile(join(folder, 'answers.json'), JSON.stringify(answers));
  await assert.rejects(collect(image.blob(small)), coded('ERR_REGISTRY_UNREACHABLE', 'too many requests'));
  assert.ok((await collect(first)).length > 0);
  assert.ok((await collect(image.layer(small))).equals(TARS[0] as Buffer));
  await image.close();
  assert.equal((await calls()).filter((line) => line === 'Shutdown').length, 2);
});
