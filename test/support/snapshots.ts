/**
 * Snapshots in layout directories, with a runtime of one small file, and random repositories to make them of.
 */

import type { Digest } from '../../src/oci/model/descriptor.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import type { Repository } from '../../src/ostree/repo/open.ts';
import { createSnapshot } from '../../src/snapshot/create.ts';
import { type Extracted, type ExtractOptions, extractSnapshot } from '../../src/snapshot/extract.ts';
import { openSnapshot, type Snapshot } from '../../src/snapshot/open.ts';
import { type SelectOptions, selectSnapshot } from '../../src/snapshot/select.ts';
import type { SnapshotOptions } from '../../src/snapshot/snapshot-options.ts';
import { ENCAPSULATE_OPTIONS, tinyRuntime, withImage } from './mirror-images.ts';

export type SnapshotWords = Partial<SelectOptions> &
  Partial<Pick<SnapshotOptions, 'deltas' | 'previous' | 'onRewritten'>>;

/** Makes a snapshot of the repository in the layout directory `path`. */
export async function snapshotInto(
  path: string,
  repo: Repository,
  words: SnapshotWords = {},
  warnings: string[] = [],
): Promise<Digest> {
  const warn = (message: string) => warnings.push(message);
  const { deltas = [], previous, onRewritten, ...select } = words;
  const publication = await selectSnapshot(repo, { globs: [], depth: 0, warn, ...select });
  return publishImage({ transport: 'oci', name: path }, (sink) =>
    createSnapshot(repo, sink, {
      ...ENCAPSULATE_OPTIONS,
      publication,
      runtimeFor: () => tinyRuntime(),
      deltas,
      ...(previous && { previous }),
      ...(onRewritten && { onRewritten }),
      warn,
    }),
  );
}

export function withSnapshot<T>(path: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  return withImage(path, async (image) => work(await openSnapshot(image)));
}

export function extractFrom(
  path: string,
  repo: string,
  options: Partial<ExtractOptions> = {},
): Promise<Extracted> {
  return withSnapshot(path, (snapshot) =>
    extractSnapshot(snapshot, { repo, globs: [], warn: () => {}, ...options }),
  );
}
