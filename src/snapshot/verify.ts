/**
 * Verifies a snapshot without a repository: the digests of all layers, every object, the list of objects,
 * that each commit is complete, and the signatures.
 */
import { join } from 'node:path';
import { TreeportError } from '../base/errors.ts';
import { withTemporaryDirectory } from '../base/temporary-directory.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { verifiedMetadata } from '../ostree/load.ts';
import { formatObjectName } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { ArchiveWriter } from '../ostree/repo/archive-writer.ts';
import { openRepository } from '../ostree/repo/open.ts';
import { type SignedData, signedCommit } from '../ostree/sign/signed-commit.ts';
import { verifyContent, verifyMetadata } from '../ostree/verify.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { EMPTY_DIRTREE_CHECKSUM, withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { layerDescriptor, type Snapshot } from './open.ts';
import { readObjectLayer } from './read-layer.ts';

export type VerifySnapshotOptions = {
  /** Throws unless the commit has a valid signature. */
  readonly verifySignature?: (signed: SignedData) => Promise<void> | void;
  /** Receives the number of bytes since the last call, and of the image. */
  readonly onProgress?: (bytes: number, total: number) => void;
};

export type VerifiedSnapshot = {
  readonly objects: number;
  readonly commits: number;
  /** Commits whose signature was verified. */
  readonly signed: number;
};

/** ERR_SNAPSHOT, ERR_OBJECT_CORRUPT, ERR_OBJECT_MISSING, the errors of the blobs and of the signatures. */
export function verifySnapshot(
  snapshot: Snapshot,
  options: VerifySnapshotOptions = {},
): Promise<VerifiedSnapshot> {
  return withTemporaryDirectory((directory) => new Verification(snapshot, options, directory).run());
}

class Verification {
  readonly #snapshot: Snapshot;
  readonly #options: VerifySnapshotOptions;
  readonly #directory: string;
  readonly #found: SeenObjects = new Set();

  constructor(snapshot: Snapshot, options: VerifySnapshotOptions, directory: string) {
    this.#snapshot = snapshot;
    this.#options = options;
    this.#directory = directory;
  }

  async run(): Promise<VerifiedSnapshot> {
    const { image, layers, files } = this.#snapshot;
    const writer = await ArchiveWriter.create(join(this.#directory, 'metadata'));
    const total = image.manifest.layers.reduce((sum, { size }) => sum + size, 0);
    const progress = (bytes: number) => this.#options.onProgress?.(bytes, total);
    const listed = new Set(layers.map(({ digest }) => digest));
    for (const [path, bytes] of files)
      if (path.endsWith('.commitmeta')) await this.#keepFile(writer, path, bytes);
    for (const layer of layers) {
      const tar = image.layer(layerDescriptor(image, layer), progress);
      for await (const object of readObjectLayer(layer.kind, tar)) {
        const { checksum } = object;
        if (object.kind === 'content') {
          await verifyContent(object.object, checksum);
          this.#found.add(formatObjectName({ type: 'file', checksum }));
        } else if (object.type === 'commitmeta') {
          await writer.detachedMetadata(checksum, object.bytes);
        } else {
          verifyMetadata(object.type, checksum, object.bytes);
          await writer.metadata(object.type, object.bytes);
          this.#found.add(formatObjectName({ type: object.type, checksum }));
        }
      }
    }
    for (const layer of image.manifest.layers)
      if (!listed.has(layer.digest)) for await (const _ of image.layer(layer, progress));
    this.#checkList();
    return this.#commits((await openRepository(writer.path)).objects);
  }

  async #keepFile(writer: ArchiveWriter, path: string, bytes: Buffer): Promise<void> {
    const checksum = path.slice('objects/'.length, -'.commitmeta'.length).replace('/', '');
    await writer.detachedMetadata(checksum as Checksum, bytes);
  }

  /** ostree-ext leaves the dirtree of an empty directory out. */
  #checkList(): void {
    const { layers, name } = this.#snapshot;
    for (const { objects, digest } of layers) {
      for (const object of objects) {
        if (this.#found.has(formatObjectName(object)) || object.checksum === EMPTY_DIRTREE_CHECKSUM) continue;
        throw new TreeportError(
          'ERR_SNAPSHOT',
          `${name} lists the object ${formatObjectName(object)}, which its layer ${digest} does not have`,
        );
      }
    }
  }

  async #commits(metadata: ObjectSource): Promise<VerifiedSnapshot> {
    const { description, refs, name } = this.#snapshot;
    const objects = withEmptyDirtree(metadata);
    const { verifySignature } = this.#options;
    const commits = new Set(description.commits.map(({ checksum }) => checksum));
    const homeless = refs.find(({ commit }) => !commits.has(commit));
    if (homeless !== undefined)
      throw new TreeportError(
        'ERR_SNAPSHOT',
        `${name} lacks commit ${homeless.commit} of its ref ${homeless.name}`,
      );
    const seen: SeenObjects = new Set();
    for (const checksum of commits) {
      for await (const object of reachableObjects(objects, checksum, seen)) {
        if (this.#found.has(formatObjectName(object)) || object.checksum === EMPTY_DIRTREE_CHECKSUM) continue;
        throw new TreeportError(
          'ERR_OBJECT_MISSING',
          `${name} lacks the object ${formatObjectName(object)} of commit ${checksum}`,
        );
      }
      const detached = (await objects.has({ type: 'commitmeta', checksum }))
        ? await objects.metadata('commitmeta', checksum)
        : undefined;
      const bytes = await verifiedMetadata(objects, 'commit', checksum);
      const signed = signedCommit(checksum, bytes, detached);
      await verifySignature?.(signed);
    }
    const signed = verifySignature === undefined ? 0 : commits.size;
    return { objects: seen.size, commits: commits.size, signed };
  }
}
