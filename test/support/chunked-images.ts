/** Multi-layer images of a commit, assembled from tar streams. */
import { finishImage, type ImageLayer } from '../../src/container/encapsulate/image-draft.ts';
import type { Digest } from '../../src/oci/model/descriptor.ts';
import { hostPlatform } from '../../src/oci/model/platform.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import type { ObjectSource } from '../../src/ostree/object-source.ts';
import { type ChunkObjects, commitObjects } from '../../src/tar/chunk.ts';
import { exportChunk } from '../../src/tar/export-chunk.ts';
import { exportOstreeLayer } from '../../src/tar/export-commit.ts';
import { COMPRESSION } from './mirror-images.ts';

export type MadeImage = {
  readonly digest: Digest;
  readonly layers: readonly ImageLayer[];
};

export type MakeImageOptions = {
  /** Number of layers that belong to the commit. Default: all. 0: the image has no such label. */
  readonly ostreeLayers?: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** The annotation `ostree.components` of each layer. */
  readonly components?: readonly (string | undefined)[];
  /** The history entry of each layer. Default: `test`. */
  readonly createdBy?: readonly string[];
};

/** Writes an image with these tars as layers into the layout directory `path`. */
export async function makeImage(
  path: string,
  tars: readonly AsyncIterable<Uint8Array>[],
  { ostreeLayers = tars.length, labels = {}, components = [], createdBy = [] }: MakeImageOptions = {},
): Promise<MadeImage> {
  const layers: ImageLayer[] = [];
  const created = '2024-01-02T03:04:05Z';
  const digest = await publishImage({ transport: 'oci', name: path }, async (sink) => {
    for (const [index, tar] of tars.entries()) {
      const names = components[index];
      const { descriptor, diffId } = await writeLayer(sink, tar, {
        compression: COMPRESSION,
        ...(names === undefined ? {} : { annotations: { 'ostree.components': names } }),
      });
      layers.push({ descriptor, diffId, history: { created, created_by: createdBy[index] ?? 'test' } });
    }
    const final = layers[ostreeLayers - 1]?.diffId;
    return finishImage(sink, {
      platform: hostPlatform(),
      created,
      config: {},
      labels: { ...labels, ...(final === undefined ? {} : { 'ostree.final-diffid': final }) },
      layers,
    });
  });
  return { digest, layers };
}

/** The content objects of a commit, distributed over `count` chunks in turn. */
export async function dealtObjects(
  source: ObjectSource,
  commit: Checksum,
  count: number,
): Promise<readonly ChunkObjects[]> {
  const all = [...(await commitObjects(source, commit))];
  return Array.from({ length: count }, (_, chunk) => new Map(all.filter((_, at) => at % count === chunk)));
}

/** The layers of an image that has all content in component layers. */
export async function chunkedTars(
  source: ObjectSource,
  commit: Checksum,
  chunks: readonly ChunkObjects[],
): Promise<readonly [AsyncIterable<Uint8Array>, ...AsyncIterable<Uint8Array>[]]> {
  const ostree = exportOstreeLayer(source, commit, { objects: new Map() });
  return [ostree, ...chunks.map((objects) => exportChunk(source, { objects }))];
}
