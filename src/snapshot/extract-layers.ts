/**
 * Reads the layers of a snapshot into a repository: their content, dirtrees and dirmetas, each layer in a
 * transaction of its own. Commits and detached metadata are held back.
 */
import { availableParallelism } from 'node:os';
import { eachConcurrently } from '../base/each-concurrently.ts';
import { attributeLayerError } from '../container/import/attribute-error.ts';
import { withTransaction } from '../container/import/repo-transaction.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import type { Transaction } from '../native/ostree/transaction.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { Repository } from '../ostree/repo/open.ts';
import { verifyMetadata } from '../ostree/verify.ts';
import type { TarObject } from '../tar/read-objects.ts';
import { layerDescriptor, type Snapshot } from './open.ts';
import { readObjectLayer } from './read-layer.ts';

export type LayerReading = {
  readonly snapshot: Snapshot;
  readonly repo: Repository;
  readonly needs: (name: ObjectName) => boolean;
  /** Receives the number of bytes since the last call, and of all layers that are read. */
  readonly onProgress?: (bytes: number, total: number) => void;
};

export type HeldCommit = { readonly bytes?: Buffer; readonly detached?: Buffer };

type LayerToRead = {
  readonly kind: ObjectLayer['kind'];
  readonly descriptor: Descriptor;
  /** Names of objects that are needed and that the repository lacks. */
  readonly missing: NameSet;
};

const LAYERS_AT_ONCE = 2;

export class ExtractedLayers {
  readonly commits = new Map<Checksum, HeldCommit>();
  /** Names of objects that were read, those of commits included. */
  readonly arrived: NameSet = new ObjectNames();
  readonly #reading: LayerReading;

  constructor(reading: LayerReading) {
    this.#reading = reading;
  }

  /** Reads the layers that have objects which the repository lacks; returns how many these are. */
  async read(): Promise<number> {
    const { snapshot, onProgress } = this.#reading;
    const layers = await this.#layersToRead();
    const total = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    const progress = (bytes: number) => onProgress?.(bytes, total);
    const atOnce = Math.min(LAYERS_AT_ONCE, layers.length);
    const threads = Math.max(1, Math.floor(availableParallelism() / Math.max(1, atOnce)));
    await eachConcurrently(layers, atOnce, async ({ kind, descriptor, missing }, signal) => {
      try {
        const tar = snapshot.image.layer(descriptor, progress);
        const work = async (transaction: Transaction) => {
          const take = (pieces: AsyncIterable<Uint8Array>) =>
            this.#take(readObjectLayer(kind, pieces), missing, transaction, signal);
          await attributeLayerError(tar, take, signal);
          await transaction.commit();
        };
        await withTransaction(this.#reading.repo.path, work, { refs: [], threads });
      } catch (error) {
        snapshot.image.abort(error as Error);
        throw error;
      }
    });
    return layers.length;
  }

  /** A copy, because the bytes may be a view of a larger piece of the stream. */
  hold(commit: Checksum, { bytes, detached }: HeldCommit): void {
    if (bytes !== undefined) verifyMetadata('commit', commit, bytes);
    this.commits.set(commit, {
      ...this.commits.get(commit),
      ...(bytes === undefined ? {} : { bytes: Buffer.from(bytes) }),
      ...(detached === undefined ? {} : { detached: Buffer.from(detached) }),
    });
  }

  async #layersToRead(): Promise<readonly LayerToRead[]> {
    const { image, layers } = this.#reading.snapshot;
    const toRead: LayerToRead[] = [];
    for (const layer of layers) {
      const descriptor = layerDescriptor(image, layer);
      const missing = await this.#missingOf(layer);
      if (missing.size > 0) toRead.push({ kind: layer.kind, descriptor, missing });
    }
    return toRead;
  }

  async #missingOf({ objects }: ObjectLayer): Promise<NameSet> {
    const { repo, needs } = this.#reading;
    const missing = new ObjectNames();
    for (const name of objects)
      if (!name.isDead && needs(name) && !(await repo.objects.has(name))) missing.add(formatObjectName(name));
    return missing;
  }

  async #take(
    objects: AsyncIterable<TarObject>,
    missing: NameSet,
    transaction: Transaction,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const object of objects) {
      signal.throwIfAborted();
      const { checksum } = object;
      const type = object.kind === 'metadata' ? object.type : 'file';
      if (object.kind === 'metadata' && object.type === 'commitmeta') {
        this.hold(checksum, { detached: object.bytes });
        continue;
      }
      const name = formatObjectName({ type, checksum });
      if (!missing.has(name)) continue;
      this.arrived.add(name);
      if (object.kind === 'content') await transaction.content(checksum, object.object);
      else if (object.type === 'commit') this.hold(checksum, { bytes: object.bytes });
      else if (object.type !== 'commitmeta') await transaction.metadata(object.type, checksum, object.bytes);
    }
  }
}
