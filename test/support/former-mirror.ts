/** Mirror images in the layout before November 2026, with treeport's files below `sysroot/treeport`. */
import { finishImage, type ImageLayer } from '../../src/container/encapsulate/image-draft.ts';
import { DELTAS_HISTORY, FORMER_HOME, MIRROR_HOME, PACKS_HISTORY } from '../../src/mirror/layout.ts';
import type { Descriptor, Digest } from '../../src/oci/model/descriptor.ts';
import type { HistoryEntry } from '../../src/oci/model/image-config.ts';
import type { OpenedImage } from '../../src/oci/read/opened-image.ts';
import { copyBlob, type ImageSink } from '../../src/oci/write/image-sink.ts';
import { writeLayer } from '../../src/oci/write/layer-writer.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { pieceBytes } from '../../src/tar/piece-checks.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { TarWriter } from '../../src/tar/writer.ts';
import { COMPRESSION, withImage } from './mirror-images.ts';

const ROOT = { uid: 0, gid: 0 };
/** The runtime, and the published repo without its packs. */
const OWN_LAYERS = 2;

/** Converts the mirror image in the layout directory `from` to the former layout, in `to`. */
export async function formerMirror(from: string, to: string): Promise<Digest> {
  return withImage(from, (image) =>
    publishImage({ transport: 'oci', name: to }, async (sink) => {
      const { architecture, os, created = '', config = {} } = image.config;
      const { Labels: labels = {}, Entrypoint: entrypoint = [], ...rest } = config;
      return finishImage(sink, {
        platform: { architecture, os },
        created,
        config: { ...rest, Entrypoint: entrypoint.map((word) => word.replace(MIRROR_HOME, FORMER_HOME)) },
        labels,
        layers: await formerLayers(image, sink),
      });
    }),
  );
}

async function formerLayers(image: OpenedImage, sink: ImageSink): Promise<readonly ImageLayer[]> {
  const { layers } = image.manifest;
  const history = image.config.history ?? [];
  const optional = history.filter(
    ({ created_by: by }) => by?.startsWith(PACKS_HISTORY) || by?.startsWith(DELTAS_HISTORY),
  ).length;
  const done: ImageLayer[] = [];
  for (const [index, layer] of layers.entries()) {
    const about = history[index] as HistoryEntry;
    if (index < layers.length - OWN_LAYERS - optional) {
      await copyBlob(image, layer, sink);
      done.push({ descriptor: layer, diffId: image.config.rootfs.diff_ids[index] as Digest, history: about });
    } else {
      const tar = formerTar(image, layer);
      done.push({ ...(await writeLayer(sink, tar, { compression: COMPRESSION })), history: about });
    }
  }
  return done;
}

/** Sets mtimes to 0, and adds an entry for every directory before its contents. */
async function* formerTar(image: OpenedImage, layer: Descriptor): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  const directories = new Set<string>();
  for await (const { path: present, type, mode, size, data } of readEntries(image.layer(layer))) {
    if (type !== 'file') continue;
    const path = present.replace(MIRROR_HOME, FORMER_HOME);
    for (const parent of parentsOf(path)) {
      if (!directories.has(parent)) writer.directory(parent, { ...ROOT, mode: 0o755 });
      directories.add(parent);
    }
    writer.header({ ...ROOT, path, type, mode, size, target: '' });
    for await (const piece of data) {
      writer.data(piece);
      yield* pieceBytes(writer.takeFull());
    }
    writer.pad(size);
  }
  yield* pieceBytes(writer.end());
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
