import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect } from '../../../src/base/bytes.ts';
import { canonicalJson } from '../../../src/oci/model/canonical-json.ts';
import { type Descriptor, digestHex, digestOf, type Platform } from '../../../src/oci/model/descriptor.ts';
import { imageConfig } from '../../../src/oci/model/image-config.ts';
import type { Json } from '../../../src/oci/model/json.ts';
import { imageManifest } from '../../../src/oci/model/manifest.ts';
import * as mediaTypes from '../../../src/oci/model/media-types.ts';
import { hostPlatform } from '../../../src/oci/model/platform.ts';
import { parseImageReference } from '../../../src/oci/model/reference.ts';
import { openImage } from '../../../src/oci/read/open-image.ts';
import type { OpenedImage } from '../../../src/oci/read/opened-image.ts';
import { createArchiveSink } from '../../../src/oci/write/archive.ts';
import { parseCompression } from '../../../src/oci/write/compression.ts';
import { createLayoutSink } from '../../../src/oci/write/layout-directory.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { mixedBytes, oneFileTar, run, testFolder, writeSmallImage } from '../../support/small-image.ts';

const TARS = [oneFileTar('a'), oneFileTar(mixedBytes(800_000))];

function openText(text: string, platform?: Platform): Promise<OpenedImage> {
  return openImage(parseImageReference(text), platform === undefined ? {} : { platform });
}

async function smallLayout(t: TestContext, compression = 'gzip') {
  const path = join(await testFolder(t), 'image');
  const sink = await createLayoutSink({ path, tag: 'v1' });
  const manifest = await writeSmallImage(sink, { tars: TARS, compression: parseCompression(compression) });
  return { path, manifest, blob: (digest: string) => join(path, 'blobs/sha256', digest.slice(7)) };
}

test('a layout and an archive give back what was written, gzip and zstd', async (t) => {
  const folder = await testFolder(t);
  for (const compression of ['gzip', 'zstd']) {
    const { path, manifest } = await smallLayout(t, compression);
    const archive = join(folder, `${compression}.oci`);
    const sink = await createArchiveSink({ path: archive, tag: 'v1' });
    await writeSmallImage(sink, { tars: TARS, compression: parseCompression(compression) });
    for (const text of [
      `oci:${path}:v1`,
      `oci:${path}`,
      `oci-archive:${archive}:v1`,
      `oci-archive:${archive}`,
    ]) {
      const image = await openText(text);
      assert.equal(image.manifestDigest, manifest.digest);
      assert.equal(digestOf(image.manifestBytes), manifest.digest);
      assert.equal(digestOf(image.configBytes), image.manifest.config.digest);
      assert.equal(image.config.config?.Labels?.test, 'small');
      assert.equal(image.manifest.layers.length, TARS.length);
      for (const [i, layer] of image.manifest.layers.entries()) {
        const read: number[] = [];
        const tar = await collect(image.layer(layer, (bytes) => read.push(bytes)));
        assert.ok(tar.equals(TARS[i] as Buffer), text);
        assert.equal(
          read.reduce((sum, bytes) => sum + bytes, 0),
          layer.size,
        );
        assert.equal(digestOf(await collect(image.blob(layer))), layer.digest);
      }
      await image.close();
    }
  }
});

test('an archive put together by GNU tar is read', { skip: unlessInstalled('tar') }, async (t) => {
  const { path, manifest } = await smallLayout(t);
  const archive = join(path, '../by-hand.tar');
  await run('tar', ['-C', path, '-cf', archive, '.']);
  const image = await openText(`oci-archive:${archive}`);
  assert.equal(image.manifestDigest, manifest.digest);
  assert.ok((await collect(image.layer(image.manifest.layers[1] as Descriptor))).equals(TARS[1] as Buffer));
  await image.close();
});

test('a flipped byte is noticed at the end at the latest', async (t) => {
  const { path, blob } = await smallLayout(t);
  const image = await openText(`oci:${path}`);
  const layer = image.manifest.layers[1] as Descriptor;
  const file = blob(layer.digest);
  const bytes = await readFile(file);
  for (const at of [12, bytes.length >> 1, bytes.length - 6]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await writeFile(file, changed);
    await assert.rejects(collect(image.blob(layer)), coded('ERR_BLOB_CORRUPT', layer.digest, path));
    await assert.rejects(collect(image.layer(layer)), coded('ERR_BLOB_CORRUPT', layer.digest, path));
  }
  await truncate(file, bytes.length - 1);
  await assert.rejects(collect(image.blob(layer)), coded('ERR_BLOB_CORRUPT', `${bytes.length - 1} bytes`));
  await rm(file);
  await assert.rejects(collect(image.layer(layer)), coded('ERR_BLOB_MISSING', layer.digest));
});

test('a flipped byte in an archive is noticed', async (t) => {
  const path = join(await testFolder(t), 'image.oci');
  await writeSmallImage(await createArchiveSink({ path, tag: undefined }), { tars: TARS });
  const image = await openText(`oci-archive:${path}`);
  const layer = image.manifest.layers[1] as Descriptor;
  const at = (await readFile(path)).indexOf(await collect(image.blob(layer)));
  await using file = await open(path, 'r+');
  await file.write(Buffer.from([0x55, 0x55]), 0, 2, at + 5000);
  await assert.rejects(collect(image.layer(layer)), coded('ERR_BLOB_CORRUPT', layer.digest));
  await image.close();
});

test('a broken manifest or config is noticed when the image is opened', async (t) => {
  for (const which of ['manifest', 'config'] as const) {
    const { path, manifest, blob } = await smallLayout(t);
    const config = (await openText(`oci:${path}`)).manifest.config.digest;
    const digest = which === 'manifest' ? manifest.digest : config;
    const file = blob(digest);
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('sha256', 'sha257'));
    await assert.rejects(openText(`oci:${path}`), coded('ERR_BLOB_CORRUPT', digest));
    await rm(file);
    await assert.rejects(openText(`oci:${path}`), coded('ERR_BLOB_MISSING', digest));
  }
});

test('what is no image is named', async (t) => {
  const folder = await testFolder(t);
  await writeFile(join(folder, 'text'), 'x'.repeat(2000));
  await writeFile(join(folder, 'other.tar'), TARS[0] as Buffer);
  await writeFile(join(folder, 'image.tar.gz'), gzipSync(TARS[0] as Buffer));
  for (const name of ['', 'text', 'missing']) {
    await assert.rejects(openText(`oci:${folder}/${name}`), coded('ERR_IMAGE_MISSING', name, 'OCI layout'));
  }
  for (const name of ['', 'missing', 'other.tar']) {
    await assert.rejects(
      openText(`oci-archive:${folder}/${name}`),
      coded('ERR_IMAGE_MISSING', 'OCI archive'),
    );
  }
  for (const name of ['text', 'image.tar.gz']) {
    await assert.rejects(
      openText(`oci-archive:${folder}/${name}`),
      coded('ERR_IMAGE_UNSUPPORTED', name, 'decompress'),
    );
  }
  const { path } = await smallLayout(t);
  await assert.rejects(openText(`oci:${path}:nope`), coded('ERR_IMAGE_MISSING', '"nope"', 'v1'));
});

test('the wrong platform is refused, though the index does not say it', async (t) => {
  const { path } = await smallLayout(t);
  const index = JSON.parse(await readFile(join(path, 'index.json'), 'utf8'));
  index.manifests[0].platform = undefined;
  await writeFile(join(path, 'index.json'), JSON.stringify(index));
  await assert.rejects(
    openText(`oci:${path}`, { architecture: 's390x', os: 'linux' }),
    coded('ERR_IMAGE_MISSING', 'linux/s390x', 'linux/amd64'),
  );
  await (await openText(`oci:${path}`, { architecture: 'amd64', os: 'linux' })).close();
});

/** A layout written by hand, blob by blob. */
class HandMade {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async blob(mediaType: string, content: Buffer | object): Promise<Descriptor> {
    const bytes = Buffer.isBuffer(content) ? content : canonicalJson(content as Json);
    const digest = digestOf(bytes);
    await mkdir(join(this.path, 'blobs/sha256'), { recursive: true });
    await writeFile(join(this.path, 'blobs/sha256', digestHex(digest)), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async image(
    layer: { mediaType: string; bytes: Buffer; tar: Buffer },
    platform = hostPlatform(),
  ): Promise<Descriptor> {
    const layers = [{ diffId: digestOf(layer.tar), history: {} }];
    const config = imageConfig({ platform, created: '', config: {}, layers });
    const manifest = imageManifest({
      config: await this.blob(mediaTypes.MEDIA_TYPE_DOCKER_CONFIG, config),
      layers: [await this.blob(layer.mediaType, layer.bytes)],
    });
    return this.blob(mediaTypes.MEDIA_TYPE_DOCKER_MANIFEST, manifest);
  }

  async index(manifests: readonly Descriptor[]): Promise<void> {
    await writeFile(join(this.path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(
      join(this.path, 'index.json'),
      canonicalJson({ schemaVersion: 2, manifests } as unknown as Json),
    );
  }
}

test('layers of every known type are decompressed by what they are', async (t) => {
  const made = new HandMade(await testFolder(t));
  const [tar, other] = TARS as [Buffer, Buffer];
  const both = Buffer.concat([tar, other]);
  const members = Buffer.concat([gzipSync(tar), gzipSync(other)]);
  const cases = [
    { mediaType: mediaTypes.MEDIA_TYPE_DOCKER_LAYER_GZIP, bytes: members, tar: both },
    { mediaType: mediaTypes.MEDIA_TYPE_DOCKER_LAYER, bytes: tar, tar },
    { mediaType: mediaTypes.MEDIA_TYPE_LAYER, bytes: other, tar: other },
    { mediaType: mediaTypes.MEDIA_TYPE_LAYER_ZSTD, bytes: members, tar: both },
  ];
  for (const layer of cases) {
    await made.index([await made.image(layer)]);
    const image = await openText(`oci:${made.path}`);
    const read = await collect(image.layer(image.manifest.layers[0] as Descriptor));
    assert.equal(createHash('sha256').update(read).digest('hex'), digestHex(digestOf(layer.tar)));
  }
  await made.index([await made.image({ mediaType: 'application/x-other', bytes: tar, tar })]);
  const image = await openText(`oci:${made.path}`);
  const layer = image.manifest.layers[0] as Descriptor;
  await assert.rejects(collect(image.layer(layer)), coded('ERR_IMAGE_UNSUPPORTED', 'application/x-other'));
  assert.ok((await collect(image.blob(layer))).equals(tar));
});

test('a tar that is not the one of the config is noticed', async (t) => {
  const made = new HandMade(await testFolder(t));
  const [tar, other] = TARS as [Buffer, Buffer];
  await made.index([
    await made.image({ mediaType: mediaTypes.MEDIA_TYPE_LAYER_GZIP, bytes: gzipSync(other), tar }),
  ]);
  const image = await openText(`oci:${made.path}`);
  const layer = image.manifest.layers[0] as Descriptor;
  await assert.rejects(
    collect(image.layer(layer)),
    coded('ERR_BLOB_CORRUPT', digestOf(tar), digestOf(other)),
  );
});

test('nested indexes are followed by platform, as deep as is reasonable', async (t) => {
  const made = new HandMade(await testFolder(t));
  const arm = { architecture: 'arm64', os: 'linux' };
  const layer = { mediaType: mediaTypes.MEDIA_TYPE_LAYER, bytes: TARS[0] as Buffer, tar: TARS[0] as Buffer };
  const s390 = { architecture: 's390x', os: 'linux' };
  const images = [
    { ...(await made.image(layer, s390)), platform: s390 },
    { ...(await made.image(layer, arm)), platform: arm },
  ];
  const nested = await made.blob(mediaTypes.MEDIA_TYPE_DOCKER_MANIFEST_LIST, {
    schemaVersion: 2,
    manifests: images,
  });
  await made.index([{ ...nested, annotations: { [mediaTypes.ANNOTATION_REF_NAME]: 'multi' } }]);
  const image = await openText(`oci:${made.path}:multi`, arm);
  assert.equal(image.manifestDigest, images[1]?.digest);
  assert.equal(image.config.architecture, 'arm64');

  const state = { deepest: nested };
  for (let i = 0; i < 5; i += 1) {
    const index = { schemaVersion: 2, manifests: [state.deepest] };
    state.deepest = await made.blob(mediaTypes.MEDIA_TYPE_INDEX, index);
  }
  await made.index([state.deepest]);
  await assert.rejects(openText(`oci:${made.path}`, arm), coded('ERR_IMAGE_UNSUPPORTED', 'nested'));
});

test('artifacts that are no container images are refused', async (t) => {
  const made = new HandMade(await testFolder(t));
  const config = await made.blob('application/vnd.oci.empty.v1+json', {});
  const artifact = await made.blob(mediaTypes.MEDIA_TYPE_MANIFEST, imageManifest({ config, layers: [] }));
  await made.index([artifact]);
  await assert.rejects(openText(`oci:${made.path}`), coded('ERR_IMAGE_UNSUPPORTED', 'empty.v1'));
  await made.index([config]);
  await assert.rejects(openText(`oci:${made.path}`), coded('ERR_IMAGE_UNSUPPORTED', 'empty.v1'));
});
