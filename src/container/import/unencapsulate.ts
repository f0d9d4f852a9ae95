/**
 * Imports the commit of an encapsulated image into a repository. Order:
 *
 * 1. The ostree layer goes into a transaction that stays open. Its commit is verified before anything is
 *    written and determines which objects are needed.
 * 2. Component layers, a few at a time, each in its own transaction. When a layer has been read to its end
 *    and verified, the transaction is committed with a ref on its objects (blob-refs.ts), so that the next
 *    import need not fetch it.
 * 3. When no object is missing, the first transaction is committed and the refs on the commit are set.
 */
import type { Transaction } from '../../native/ostree/transaction.ts';
import type { Descriptor } from '../../oci/model/descriptor.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { checkRefName } from '../../ostree/ref-name.ts';
import { openRepository, type Repository } from '../../ostree/repo/open.ts';
import { type CommitHead, importOstreeLayer } from '../../tar/import-commit.ts';
import { checkContentComplete } from '../../tar/needed-objects.ts';
import { encapsulatedLayers } from '../inspect/layers.ts';
import { isVerified, remoteOf, type Verification } from '../inspect/ostree-image-reference.ts';
import { attributeLayerError } from './attribute-error.ts';
import { blobRef, cachedCommit } from './blob-refs.ts';
import { checkTimestamp, type RefTarget } from './check-timestamp.ts';
import { importComponents } from './import-components.ts';
import type { ImportEvent, LayerState } from './import-events.ts';
import { landCommit, putRefs, withTransaction } from './repo-transaction.ts';
import { loadCommitHead, type VerifiedSignature, verifyCommitHead } from './verify-signatures.ts';

export type UnencapsulateOptions = RefTarget & {
  /** What the commit must prove. The containers policy is enforced when the image is opened. */
  readonly verification: Verification;
  /** Number of component layers to fetch concurrently. Default: 2. */
  readonly concurrency?: number;
  /** Called with each step of the import. */
  readonly onEvent?: (event: ImportEvent) => void;
};

export type ImportReport = {
  readonly commit: Checksum;
  /** The verified signatures. */
  readonly signatures: readonly VerifiedSignature[];
  /** Layers of the commit that were read from the image. */
  readonly fetched: number;
  /** Layers of the commit that the repository had already. */
  readonly cached: number;
  /** Derived layers, which are not imported. */
  readonly derived: number;
};

/**
 * Imports the commit. A failed import leaves nothing but complete component layers. ERR_NOT_ENCAPSULATED,
 * ERR_OBJECT_STRAY, ERR_OBJECT_MISSING, the errors of the image's blobs and tar streams, of the repository
 * and of the signatures.
 */
export async function unencapsulate(
  image: OpenedImage,
  options: UnencapsulateOptions,
): Promise<ImportReport> {
  if (options.writeRef !== undefined) checkRefName(options.writeRef);
  return new ImageImport(image, options).run();
}

class ImageImport {
  readonly #image: OpenedImage;
  readonly #options: UnencapsulateOptions;
  readonly #ostree: Descriptor;
  readonly #components: readonly Descriptor[];
  readonly #derived: readonly Descriptor[];
  readonly #total: number;
  #bytes = 0;
  #signatures: readonly VerifiedSignature[] = [];
  #fetched = 0;
  #cached = 0;

  constructor(image: OpenedImage, options: UnencapsulateOptions) {
    const { ostree, derived } = encapsulatedLayers(image);
    const [first, ...components] = ostree;
    this.#image = image;
    this.#options = options;
    this.#ostree = first as Descriptor;
    this.#components = components;
    this.#derived = derived;
    this.#total = ostree.reduce((sum, { size }) => sum + size, 0);
  }

  async run(): Promise<ImportReport> {
    const repo = await openRepository(this.#options.repo);
    const cached = await cachedCommit(repo, this.#ostree.digest);
    const commit = cached === undefined ? await this.#fetch(repo) : await this.#reuse(repo, cached);
    return {
      commit,
      signatures: this.#signatures,
      fetched: this.#fetched,
      cached: this.#cached,
      derived: this.#derived.length,
    };
  }

  /** The repository has the whole commit; it is verified again all the same. */
  async #reuse(repo: Repository, commit: Checksum): Promise<Checksum> {
    await this.#verify(await loadCommitHead(repo.objects, commit));
    for (const [index] of [this.#ostree, ...this.#components].entries()) this.#note('cached', index);
    await putRefs(repo.path, commit, this.#refs());
    return commit;
  }

  async #fetch(repo: Repository): Promise<Checksum> {
    const work = async (transaction: Transaction) => {
      this.#note('fetching', 0);
      const where = `layer ${this.#ostree.digest}`;
      const verify = (head: CommitHead) => this.#verify(head);
      const { commits, needed, arrived } = await attributeLayerError(this.#read(this.#ostree), (tar) =>
        importOstreeLayer(tar, transaction, { where, verify }),
      );
      this.#note('fetched', 0);
      await importComponents(repo, this.#components, {
        needed,
        arrived,
        concurrency: this.#options.concurrency ?? 2,
        read: (layer) => this.#read(layer),
        abort: (reason) => this.#image.abort(reason),
        note: (state, position) => this.#note(state, position + 1),
      });
      await checkContentComplete(transaction, needed, arrived);
      const [commit] = commits as readonly [Checksum];
      await landCommit(
        transaction,
        commit,
        [blobRef(this.#ostree.digest), ...this.#refs()],
        this.#options.warn,
      );
      return commit;
    };
    const layers = [this.#ostree, ...this.#components];
    const refs = [...layers.map(({ digest }) => blobRef(digest)), ...this.#refs()];
    // The ostree layer of a chunked image is small, but its transaction keeps its threads until the end.
    const options = { refs, isVerified: isVerified(this.#options.verification), isFromStream: true };
    return withTransaction(
      repo.path,
      work,
      this.#components.length > 0 ? { ...options, threads: 1 } : options,
    );
  }

  async #verify(head: CommitHead): Promise<void> {
    const { repo, verification, onEvent } = this.#options;
    this.#signatures = await verifyCommitHead(head, { repo, remote: remoteOf(verification) });
    await checkTimestamp(head, this.#options);
    onEvent?.({
      event: 'commit',
      commit: head.commit,
      layers: this.#components.length + 1,
      derived: this.#derived.length,
    });
  }

  #read(layer: Descriptor): AsyncGenerator<Uint8Array> {
    return this.#image.layerInPlace(layer, (bytes) => this.#progress(bytes));
  }

  #progress(bytes: number): void {
    this.#bytes += bytes;
    this.#options.onEvent?.({ event: 'progress', bytes: this.#bytes, total: this.#total });
  }

  #note(state: LayerState, index: number): void {
    const { digest, size } = this.#image.manifest.layers[index] as Descriptor;
    this.#options.onEvent?.({ event: 'layer', state, index, digest, size });
    if (state === 'fetched') this.#fetched += 1;
    if (state !== 'cached') return;
    this.#cached += 1;
    this.#progress(size);
  }

  #refs(): readonly string[] {
    return this.#options.writeRef === undefined ? [] : [this.#options.writeRef];
  }
}
