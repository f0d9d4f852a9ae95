/** Images as a container build that runs `seal` makes them: layers and history are the builder's. */
import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { finishImage, type ImageLayer } from '../../src/container/encapsulate/image-draft.ts';
import { MIRROR_HOME } from '../../src/mirror/layout.ts';
import { seal } from '../../src/mirror/seal.ts';
import type { Descriptor, Digest } from '../../src/oci/model/descriptor.ts';
import { hostPlatform } from '../../src/oci/model/platform.ts';
import { copyBlob } from '../../src/oci/write/image-sink.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';
import { COMPRESSION, encapsulateInto, withImage } from './mirror-images.ts';
import { unpackImage } from './mirror-repos.ts';

export type SealedOptions = {
  /** Commands of later build steps, each a layer of these paths below the image's root. */
  readonly steps?: readonly ((root: string) => readonly string[])[];
};

/** Makes such an image of a commit in the layout directory `path`; needs root and GNU tar. */
export async function sealInto(
  path: string,
  repo: Repository,
  commit: Checksum,
  { steps = [] }: SealedOptions = {},
): Promise<void> {
  const own = await mkdtemp(join(dirname(path), 'sealed-'));
  const [root, plain] = [join(own, 'root'), join(own, 'plain')];
  await encapsulateInto(plain, repo, commit);
  await unpackImage(repo, commit, root);
  const options = { refs: [], bake: 'none', virtualDeltas: false, warn: () => {} } as const;
  await seal({ root, ...options });
  const layersOfSteps = [[dirname(MIRROR_HOME)], ...steps.map((step) => step(root))];
  await withImage(plain, (image) =>
    publishImage({ transport: 'oci', name: path }, async (sink) => {
      const { created = '' } = image.config;
      const ostree = image.manifest.layers[0] as Descriptor;
      await copyBlob(image, ostree, sink);
      const diffId = image.config.rootfs.diff_ids[0] as Digest;
      const layers: [ImageLayer, ...ImageLayer[]] = [
        { descriptor: ostree, diffId, history: { created, created_by: 'the commit' } },
      ];
      for (const paths of layersOfSteps) {
        const tar = execFileSync('tar', ['-c', '-C', root, ...paths], { maxBuffer: 64 * 1024 * 1024 });
        const written = await writeLayer(sink, Readable.from([tar]), { compression: COMPRESSION });
        layers.push({ ...written, history: { created, created_by: `RUN step ${layers.length}` } });
      }
      const labels = { 'ostree.final-diffid': diffId };
      return finishImage(sink, { platform: hostPlatform(), created, config: {}, labels, layers });
    }),
  );
}
