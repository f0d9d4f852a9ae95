/** Small images for tests of sinks and sources, and folders to put them in. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { canonicalJson } from '../../src/oci/model/canonical-json.ts';
import type { Descriptor, Platform } from '../../src/oci/model/descriptor.ts';
import { imageConfig } from '../../src/oci/model/image-config.ts';
import type { Json } from '../../src/oci/model/json.ts';
import { imageManifest } from '../../src/oci/model/manifest.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_MANIFEST } from '../../src/oci/model/media-types.ts';
import { type Compression, parseCompression } from '../../src/oci/write/compression.ts';
import { type ImageSink, putBlob } from '../../src/oci/write/image-sink.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { inPieces, tarArchive } from './tar-streams.ts';

export const run = promisify(execFile);

export type SmallImage = {
  readonly tars: readonly Buffer[];
  readonly compression?: Compression;
  readonly platform?: Platform;
};

/** A tar of one file with these bytes. */
export function oneFileTar(data: string | Uint8Array): Buffer {
  return tarArchive([{ path: 'file', data }]);
}

/** Writes the image and finishes the sink. */
export async function writeSmallImage(sink: ImageSink, image: SmallImage): Promise<Descriptor> {
  const { compression = parseCompression('gzip'), platform = { architecture: 'amd64', os: 'linux' } } = image;
  const created = '2026-01-02T03:04:05Z';
  const layers = await Promise.all(image.tars.map((tar) => writeLayer(sink, inPieces(tar), { compression })));
  const config = imageConfig({
    platform,
    created,
    config: { Cmd: ['/bin/true'], Labels: { test: 'small' } },
    layers: layers.map(({ diffId }) => ({ diffId, history: { created, created_by: 'test' } })),
  });
  const manifest = imageManifest({
    config: await putBlob(sink, canonicalJson(config as Json), MEDIA_TYPE_CONFIG),
    layers: layers.map((layer) => layer.descriptor),
  });
  const descriptor = await putBlob(sink, canonicalJson(manifest as Json), MEDIA_TYPE_MANIFEST);
  await sink.finish(descriptor, platform);
  return descriptor;
}

/** An empty folder, removed after the test. */
export async function testFolder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'treeport-test-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Bytes that compress to about half, the same in each run. */
export function mixedBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (const state = { seed: 12345, at: 0 }; state.at < length; state.at += 1) {
    state.seed = (Math.imul(state.seed, 1103515245) + 12345) >>> 0;
    const noise = (state.at >>> 10) % 2 === 0;
    bytes[state.at] = noise ? state.seed >>> 24 : 97 + ((state.at * state.at) % 23);
  }
  return bytes;
}
