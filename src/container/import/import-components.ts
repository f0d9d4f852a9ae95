/**
 * Imports component layers, a few at a time. Each is committed separately, with a ref that keeps its objects,
 * so that the next import finds it in the repository.
 */
import { availableParallelism } from 'node:os';
import { eachConcurrently } from '../../base/each-concurrently.ts';
import type { Transaction } from '../../native/ostree/transaction.ts';
import type { Descriptor } from '../../oci/model/descriptor.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName } from '../../ostree/object-name.ts';
import type { NameSet } from '../../ostree/object-names.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { importChunk } from '../../tar/import-chunk.ts';
import { checkNoStray } from '../../tar/needed-objects.ts';
import { attributeLayerError } from './attribute-error.ts';
import { blobRef, cachedObjects } from './blob-refs.ts';
import type { LayerState } from './import-events.ts';
import { writeObjectSet } from './object-set.ts';
import { landCommit, withTransaction } from './repo-transaction.ts';

export type ComponentsOptions = {
  /** Names of the objects that the commit needs. */
  readonly needed: NameSet;
  /** Receives the names of the objects in the layers. */
  readonly arrived: Set<string>;
  /** Number of layers to read concurrently. */
  readonly concurrency: number;
  /** The tar of a layer, verified once read to its end. */
  readonly read: (layer: Descriptor) => AsyncGenerator<Uint8Array>;
  /** Aborts all reads when a layer has failed, because other layers may be waiting for the registry. */
  readonly abort: (reason: Error) => void;
  /** Receives the state of the layer at a position of `layers`. */
  readonly note: (state: LayerState, position: number) => void;
};

export async function importComponents(
  repo: Repository,
  layers: readonly Descriptor[],
  options: ComponentsOptions,
): Promise<void> {
  const first = (layer: Descriptor) => layers.findIndex(({ digest }) => digest === layer.digest);
  const distinct = [...layers.entries()].filter(([position, layer]) => first(layer) === position);
  await eachConcurrently(distinct, options.concurrency, async ([position, layer], signal) => {
    const note = (state: LayerState) => options.note(state, position);
    try {
      await importComponent(repo, layer, { ...options, note }, signal);
    } catch (error) {
      options.abort(error as Error);
      throw error;
    }
  });
  for (const [position, layer] of layers.entries()) {
    if (first(layer) !== position) options.note('cached', position);
  }
}

type ComponentOptions = Omit<ComponentsOptions, 'note'> & { readonly note: (state: LayerState) => void };

async function importComponent(
  repo: Repository,
  layer: Descriptor,
  options: ComponentOptions,
  signal: AbortSignal,
): Promise<void> {
  const { needed, arrived, note } = options;
  const cached = await cachedObjects(repo, layer.digest);
  if (cached === undefined) note('fetching');
  const objects = cached ?? (await fetchComponent(repo, layer, options, signal));
  const names = objects.map((checksum) => formatObjectName({ type: 'file', checksum }));
  checkNoStray(needed, names, nameOf(layer));
  for (const name of names) arrived.add(name);
  note(cached === undefined ? 'fetched' : 'cached');
}

function fetchComponent(
  repo: Repository,
  layer: Descriptor,
  { needed, concurrency, read }: ComponentOptions,
  signal: AbortSignal,
): Promise<readonly Checksum[]> {
  // The layers share the processors.
  const threads = Math.max(1, Math.floor(availableParallelism() / concurrency));
  const work = async (transaction: Transaction) => {
    const importing = { needed, where: nameOf(layer), signal };
    const objects = await attributeLayerError(
      read(layer),
      (tar) => importChunk(tar, transaction, importing),
      signal,
    );
    const objectSet = await writeObjectSet(transaction, objects);
    await landCommit(transaction, objectSet, [blobRef(layer.digest)]);
    return objects;
  };
  return withTransaction(repo.path, work, { refs: [blobRef(layer.digest)], threads });
}

function nameOf(layer: Descriptor): string {
  return `layer ${layer.digest}`;
}
