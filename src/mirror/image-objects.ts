/**
 * Reads the objects of an encapsulated image in one pass over its layers: writes metadata to a repository on
 * disk and yields content. Every object is verified. Content is written to the repository too if it is read
 * again later, in another order than the layers'.
 */
import { TreeportError } from '../base/errors.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { OnBytes } from '../oci/read/read-blob.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import type { ObjectSource } from '../ostree/object-source.ts';
import { ArchiveWriter } from '../ostree/repo/archive-writer.ts';
import { openRepository } from '../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../ostree/walk.ts';
import { withEmptyDirtree } from '../tar/empty-dirtree.ts';
import { readObjects, type TarObject } from '../tar/read-objects.ts';
import { Catalogue } from './catalogue.ts';
import type { NamedContent } from './published-repo.ts';

export type ImageObjectsOptions = {
  readonly layers: readonly Descriptor[];
  /** The directory to create for the repository. */
  readonly path: string;
  /** Whether {@link ImageObjects.source} has the content as well. */
  readonly keepsContent: boolean;
  /** Receives the bytes of the layers, as they are stored. */
  readonly onBytes?: OnBytes | undefined;
};

/** Content is read once or twice and then removed. */
const STORED_LEVEL = 0;

export class ImageObjects {
  readonly #image: OpenedImage;
  readonly #layers: readonly Descriptor[];
  readonly #keepsContent: boolean;
  readonly #onBytes: OnBytes | undefined;
  readonly #archive: ArchiveWriter;
  readonly #commits = new Set<Checksum>();

  private constructor(image: OpenedImage, options: ImageObjectsOptions, archive: ArchiveWriter) {
    this.#image = image;
    this.#layers = options.layers;
    this.#keepsContent = options.keepsContent;
    this.#onBytes = options.onBytes;
    this.#archive = archive;
  }

  static async create(image: OpenedImage, options: ImageObjectsOptions): Promise<ImageObjects> {
    const archive = await ArchiveWriter.create(options.path, { level: STORED_LEVEL });
    return new ImageObjects(image, options, archive);
  }

  /**
   * Reads the layers once and yields each content object once. The caller reads its stream before the next
   * object.
   */
  async *content(): AsyncGenerator<NamedContent> {
    const seen = new Set<Checksum>();
    const source = await this.source();
    for (const layer of this.#layers) {
      const objects = readObjects(this.#image.layer(layer, this.#onBytes));
      for await (const found of objects) {
        if (found.kind === 'metadata') {
          await this.#keep(found);
        } else if (!seen.has(found.checksum)) {
          const { checksum, object } = found;
          seen.add(checksum);
          if (this.#keepsContent) await this.#archive.object(checksum, object);
          yield { checksum, object: this.#keepsContent ? await source.content(checksum) : object };
        }
      }
    }
  }

  async #keep({ type, checksum, bytes }: TarObject & { readonly kind: 'metadata' }): Promise<void> {
    if (type === 'commit') this.#commits.add(checksum);
    if (type === 'commitmeta') await this.#archive.detachedMetadata(checksum, bytes);
    else await this.#archive.metadata(type, bytes);
  }

  /**
   * The commits in the layers' order, when the content has been read; ERR_NOT_ENCAPSULATED if there are none.
   */
  commits(): readonly Checksum[] {
    if (this.#commits.size > 0) return [...this.#commits];
    throw new TreeportError(
      'ERR_NOT_ENCAPSULATED',
      'the ostree layers have 0 commits; an encapsulated image has one',
    );
  }

  /** The objects that have been read: metadata, and content if it is kept. */
  async source(): Promise<ObjectSource> {
    return (await openRepository(this.#archive.path)).objects;
  }
}

/**
 * Checks that the commits are complete (ERR_OBJECT_MISSING) and yields the objects that are not embedded and
 * must be published, each once. `catalogue` is the path of the catalogue of the image's content.
 */
export async function* objectsNotEmbedded(
  metadata: ObjectSource,
  commits: readonly Checksum[],
  catalogue: string,
): AsyncGenerator<ObjectName> {
  const source = withEmptyDirtree(metadata);
  const content = Catalogue.open(catalogue);
  const seen: SeenObjects = new Set();
  try {
    for (const commit of commits) {
      for await (const name of reachableObjects(source, commit, seen)) {
        const isThere = name.type === 'file' ? content.has(name.checksum) : await source.has(name);
        if (!isThere) {
          throw new TreeportError(
            'ERR_OBJECT_MISSING',
            `the image lacks object ${formatObjectName(name)} of its commit ${commit}`,
          );
        }
        if (name.type !== 'file' && !(await metadata.has(name))) yield name;
      }
    }
  } finally {
    content.close();
  }
}
