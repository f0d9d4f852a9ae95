/**
 * Writes layers of objects: commits that are not embedded, as files of the published repo. A layer has files
 * up to a number of bytes and, where importers of the image as an OS keep every file open (mirror-layers.ts),
 * a number of files.
 */
import type { ImageLayer } from '../../container/encapsulate/image-draft.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import type { ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { type LayerFile, layerTar } from '../layer.ts';
import { type ObjectFile, objectFiles } from './object-files.ts';
import { isListedType, type ListedObject, type ObjectLayer } from './object-list.ts';

export type ObjectLayersOptions = {
  readonly source: ObjectSource;
  /** A directory for large objects. */
  readonly spool: string;
  readonly compression: Compression;
  /** The most files of a layer. */
  readonly filesPerLayer: number;
  readonly history: ImageLayer['history'];
  readonly onProgress?: (bytes: number) => void;
};

export type PutObjectLayer = { readonly layer: ImageLayer; readonly listed: ObjectLayer };

/** Enough to compress well, and little to read again when a transfer breaks. */
const LAYER_BYTES = 128 * 1024 * 1024;

/** Writes the objects in this order into as many layers as they need; none for no objects. */
export async function putObjectLayers(
  sink: ImageSink,
  names: Iterable<ObjectName>,
  { source, spool, compression, filesPerLayer, history, onProgress }: ObjectLayersOptions,
): Promise<readonly PutObjectLayer[]> {
  const files = new FilesInLayers(objectFiles(source, names, spool), filesPerLayer);
  const put: PutObjectLayer[] = [];
  try {
    while (await files.hasMore()) {
      const objects: ListedObject[] = [];
      const { descriptor, diffId } = await writeLayer(sink, layerTar(files.ofNextLayer(objects)), {
        compression,
        ...(onProgress && { onProgress }),
      });
      const { digest, size } = descriptor;
      put.push({
        layer: { descriptor, diffId, history },
        listed: { digest, size, kind: 'objects', objects },
      });
    }
  } finally {
    await files.close();
  }
  return put;
}

class FilesInLayers {
  readonly #files: AsyncGenerator<ObjectFile>;
  readonly #filesPerLayer: number;
  #next: ObjectFile | undefined;

  constructor(files: AsyncGenerator<ObjectFile>, filesPerLayer: number) {
    this.#files = files;
    this.#filesPerLayer = filesPerLayer;
  }

  async hasMore(): Promise<boolean> {
    if (this.#next !== undefined) return true;
    const { done, value } = await this.#files.next();
    this.#next = done === true ? undefined : value;
    return this.#next !== undefined;
  }

  /** Records the objects in `listed`. */
  async *ofNextLayer(listed: ListedObject[]): AsyncGenerator<LayerFile> {
    let bytes = 0;
    while ((await this.hasMore()) && listed.length < this.#filesPerLayer && bytes < LAYER_BYTES) {
      const { name, file } = this.#next as ObjectFile;
      this.#next = undefined;
      bytes += file.size;
      const { type, checksum } = name;
      if (isListedType(type)) listed.push({ type, checksum, length: file.size, isDead: false });
      yield file;
    }
  }

  async close(): Promise<void> {
    await this.#files.return(undefined);
  }
}
