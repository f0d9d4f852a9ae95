/** Mirror images in layout directories, with a runtime of one small file, and their file systems. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/base/atomic-file.ts';
import { collect } from '../../src/base/bytes.ts';
import { encapsulate } from '../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import { type BuildOptions, buildMirror } from '../../src/mirror/build.ts';
import { fileFromBytes, layerTar } from '../../src/mirror/layer.ts';
import { MIRROR_HOME, PUBLISHED_REPO, WHITEOUT } from '../../src/mirror/layout.ts';
import type { Bake } from '../../src/mirror/packs/bake.ts';
import { publicationOf } from '../../src/mirror/published-refs.ts';
import type { Runtime } from '../../src/mirror/runtime/runtime.ts';
import { type WrapOptions, wrapImage } from '../../src/mirror/wrap.ts';
import { type Digest, digestOf } from '../../src/oci/model/descriptor.ts';
import { hostPlatform } from '../../src/oci/model/platform.ts';
import { openImage } from '../../src/oci/read/open-image.ts';
import type { OpenedImage } from '../../src/oci/read/opened-image.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';

export const COMPRESSION = { algorithm: 'gzip', level: 1 } as const;
export const ENCAPSULATE_OPTIONS = {
  labels: {},
  copyMeta: [],
  copyMetaOptional: [],
  config: {},
  compression: COMPRESSION,
} as const;

/** A runtime that cannot run. Default architecture: this machine's. */
export async function tinyRuntime(architecture = hostPlatform().architecture): Promise<Runtime> {
  return {
    architecture,
    bytes: (await collect(tinyRuntimeTar())).length,
    diffId: async () => digestOf(await collect(tinyRuntimeTar())),
    async putLayer(sink, { compression, created, onProgress = () => {} }) {
      const tar = tinyRuntimeTar();
      const { descriptor, diffId } = await writeLayer(sink, tar, { compression, onProgress });
      return { descriptor, diffId, history: { created, created_by: 'tiny runtime' } };
    },
    close: async () => {},
  };
}

function tinyRuntimeTar(): AsyncGenerator<Buffer> {
  return layerTar([fileFromBytes('bin/node', Buffer.from('no program'))]);
}

/** Builds a mirror image of these refs or commits into the layout directory `path`. */
export async function buildInto(
  path: string,
  repo: Repository,
  words: readonly string[],
  warnings: string[] = [],
  bake: Bake = 'none',
  deltas: Pick<BuildOptions, 'deltas' | 'onDelta'> = { deltas: [] },
): Promise<Digest> {
  const warn = (message: string) => warnings.push(message);
  const publication = await publicationOf(repo, words, warn);
  return publishImage({ transport: 'oci', name: path }, (sink) =>
    buildMirror(repo, sink, {
      ...ENCAPSULATE_OPTIONS,
      publication,
      runtimeFor: () => tinyRuntime(),
      bake,
      ...deltas,
      warn,
    }),
  );
}

/** Encapsulates a commit into the layout directory `path`. */
export async function encapsulateInto(path: string, repo: Repository, commit: Checksum): Promise<Digest> {
  return publishImage({ transport: 'oci', name: path }, async (sink) =>
    finishImage(sink, await encapsulate(repo.objects, commit, sink, ENCAPSULATE_OPTIONS)),
  );
}

/** Wraps the image in the layout directory `from` into that of `to`. */
export async function wrapInto(
  to: string,
  from: string,
  options: Partial<WrapOptions> = {},
): Promise<Digest> {
  return withImage(from, (image) =>
    publishImage({ transport: 'oci', name: to }, (sink) =>
      wrapImage(image, sink, {
        refs: [],
        labels: {},
        compression: COMPRESSION,
        runtimeFor: () => tinyRuntime(),
        bake: 'none',
        virtualDeltas: false,
        warn: () => {},
        ...options,
      }),
    ),
  );
}

/** Opens the image of a layout directory for `work`. */
export async function withImage<T>(path: string, work: (image: OpenedImage) => Promise<T>): Promise<T> {
  const image = await openImage({ transport: 'oci', name: path });
  try {
    return await work(image);
  } finally {
    await image.close();
  }
}

/** A file `.wh.NAME` of a layer hides NAME of the layers below. */
function applyWhiteouts(root: string): void {
  for (const { name, parentPath } of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (!name.startsWith(WHITEOUT)) continue;
    for (const path of [name, name.slice(WHITEOUT.length)]) rmSync(join(parentPath, path), { force: true });
  }
}

/**
 * Unpacks all layers below `root`, one over the other; needs GNU tar. Returns the path of the published repo.
 */
export async function unpackLayers(path: string, root: string): Promise<string> {
  await mkdir(root, { recursive: true });
  await withImage(path, async (image) => {
    for (const layer of image.manifest.layers) {
      const tar = join(root, '..', 'layer.tar');
      await writeFileAtomic(tar, image.layer(layer));
      execFileSync('tar', ['-x', '-p', '-f', tar, '-C', root]);
      applyWhiteouts(root);
    }
  });
  return join(root, MIRROR_HOME, PUBLISHED_REPO);
}
