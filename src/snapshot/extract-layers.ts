/**
 * Reads the layers of a snapshot into a repository: their content, dirtrees and dirmetas. Commits and
 * detached metadata are held back.
 *
 * Each transaction takes many layers, because committing one syncs the file system twice. One that fails is
 * committed with what it has, so the next extraction goes on from there.
 */
import { availableParallelism } from 'node:os';
import { eachConcurrently } from '../base/each-concurrently.ts';
import { attributeLayerError } from '../container/import/attribute-error.ts';
import { withTransaction } from '../container/import/repo-transaction.ts';
import type { ObjectLayer } from '../mirror/carried/object-list.ts';
import { hasStaged } from '../native/ostree/staging.ts';
import type { Transaction } from '../native/ostree/transaction.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import { type NameSet, ObjectNames } from '../ostree/object-names.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
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

type Context = { readonly signal: AbortSignal; readonly total: number };

const GROUPS_AT_ONCE = 2;
/** What a transaction takes, about: the machine may fail in the middle of it. */
const GROUP_BYTES = 256 * 1024 * 1024;

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
    await this.#takeOverStaged();
    const layers = await this.#layersToRead();
    const groups = inGroups(layers);
    const atOnce = Math.min(GROUPS_AT_ONCE, groups.length);
    const shared = atOnce > 1 ? { threads: Math.max(1, Math.floor(availableParallelism() / atOnce)) } : {};
    const total = bytesOf(layers);
    await eachConcurrently(groups, atOnce, (group, signal) => {
      const work = (transaction: Transaction) => this.#readGroup(group, transaction, { signal, total });
      return withTransaction(this.#reading.repo.path, work, { refs: [], isFromStream: true, ...shared });
    });
    return layers.length;
  }

  /** What a killed extraction had written counts as there: a transaction takes it over, and verifies it. */
  async #takeOverStaged(): Promise<void> {
    if (!hasStaged(this.#reading.repo.path)) return;
    const work = async (transaction: Transaction) => void (await transaction.commit());
    await withTransaction(this.#reading.repo.path, work, { refs: [], threads: 1 });
  }

  async #readGroup(group: readonly LayerToRead[], transaction: Transaction, context: Context): Promise<void> {
    try {
      for (const layer of group) await this.#readLayer(layer, transaction, context);
    } catch (error) {
      this.#reading.snapshot.image.abort(error as Error);
      // What has arrived stays, if it can be written; the error is the one to report.
      await transaction.commit().catch(() => {});
      throw error;
    }
    await transaction.commit();
  }

  async #readLayer(
    { kind, descriptor, missing }: LayerToRead,
    transaction: Transaction,
    { signal, total }: Context,
  ): Promise<void> {
    const { snapshot, onProgress } = this.#reading;
    const { image } = snapshot;
    // Archive files are inflated by streams, which keep pieces.
    const read = kind === 'os' ? image.layerInPlace : image.layer;
    const tar = read(descriptor, (bytes) => onProgress?.(bytes, total));
    const take = (pieces: AsyncIterable<Uint8Array>) =>
      this.#take(readObjectLayer(kind, pieces), missing, transaction, signal);
    await attributeLayerError(tar, take, signal);
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
    const { snapshot, repo } = this.#reading;
    // Of an empty repository nothing is asked, which takes as long as writing a part of the objects.
    const has = (await isEmpty(repo.objects))
      ? async () => false
      : (name: ObjectName) => repo.objects.has(name);
    const toRead: LayerToRead[] = [];
    for (const layer of snapshot.layers) {
      const descriptor = layerDescriptor(snapshot.image, layer);
      const missing = await this.#missingOf(layer, has);
      if (missing.size > 0) toRead.push({ kind: layer.kind, descriptor, missing });
    }
    return toRead;
  }

  async #missingOf({ objects }: ObjectLayer, has: ObjectSource['has']): Promise<NameSet> {
    const missing = new ObjectNames();
    for (const name of objects)
      if (!name.isDead && this.#reading.needs(name) && !(await has(name)))
        missing.add(formatObjectName(name));
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

/** Groups of about the same size, each for one transaction. */
function inGroups(layers: readonly LayerToRead[]): readonly (readonly LayerToRead[])[] {
  const count = Math.max(GROUPS_AT_ONCE, Math.ceil(bytesOf(layers) / GROUP_BYTES));
  const groups = Array.from({ length: Math.min(count, layers.length) }, () => ({
    bytes: 0,
    layers: [] as LayerToRead[],
  }));
  for (const layer of layers.toSorted((a, b) => b.descriptor.size - a.descriptor.size)) {
    const smallest = groups.reduce((least, group) => (group.bytes < least.bytes ? group : least));
    smallest.bytes += layer.descriptor.size;
    smallest.layers.push(layer);
  }
  return groups.map((group) => group.layers);
}

function bytesOf(layers: readonly LayerToRead[]): number {
  return layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
}

async function isEmpty(source: ObjectSource): Promise<boolean> {
  for await (const _ of source.list()) return false;
  return true;
}
