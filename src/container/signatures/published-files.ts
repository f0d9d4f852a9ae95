/**
 * The files of a published repo in an image that follow from new detached metadata of commits: which there
 * are, and in which layers their new bytes go. What they are is not known here; `change` says it.
 */
import { collectSized } from '../../base/bytes.ts';
import type { Descriptor, Digest } from '../../oci/model/descriptor.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { entryFault } from '../../tar/object-entry.ts';
import { readEntries } from '../../tar/read-entries.ts';
import type { FileChanges } from '../../tar/replace-entries.ts';

export type PublishedFiles = {
  /** Paths in the image that published repos have. */
  readonly repos: readonly string[];
  /** Whether `change` needs a file, by its path in the published repo. */
  readonly isNeeded: (path: string) => boolean;
  /** The new bytes of files of a published repo. */
  readonly change: (files: ReadonlyMap<string, Buffer>, changed: ChangedCommits) => FileChanges;
};

export type ChangedCommits = {
  /** The new metadata of commits; undefined if they have none any more. */
  readonly metadata: ReadonlyMap<Checksum, Uint8Array | undefined>;
  /** Those of them whose metadata is a file of the published repo. */
  readonly carried: ReadonlySet<Checksum>;
  /** The layers that were written anew already, by their former digests. */
  readonly moved: ReadonlyMap<Digest, Descriptor>;
};

type FoundLayer = {
  readonly layer: Descriptor;
  /** The published repo that the layer has files of. */
  readonly repo: string;
  readonly files: ReadonlyMap<string, Buffer>;
  /** Whether new files belong there. */
  readonly hasConfig: boolean;
};

/** Reads the layers; the errors of the image's blobs, ERR_TAR. */
export async function findPublishedFiles(
  layers: readonly Descriptor[],
  read: (layer: Descriptor) => AsyncGenerator<Uint8Array>,
  { repos, isNeeded }: PublishedFiles,
): Promise<readonly FoundLayer[]> {
  const found: FoundLayer[] = [];
  for (const layer of layers) {
    const files = new Map<string, Buffer>();
    const home: { repo?: string; hasConfig: boolean } = { hasConfig: false };
    for await (const { path, type, size, data } of readEntries(read(layer))) {
      const repo = repos.find((candidate) => path.startsWith(`${candidate}/`));
      if (repo === undefined || type !== 'file') continue;
      const inner = path.slice(repo.length + 1);
      home.repo = repo;
      home.hasConfig ||= inner === 'config';
      if (!isNeeded(inner)) continue;
      if (size > MAX_METADATA_BYTES) throw entryFault(path, `it has ${size} bytes`);
      files.set(inner, Buffer.from(await collectSized(data, size)));
    }
    const { repo, hasConfig } = home;
    if (repo !== undefined) found.push({ layer, repo, files, hasConfig });
  }
  return found;
}

export type LayerChange = {
  readonly layer: Descriptor;
  readonly files: FileChanges;
  /** Paths of files that the layer lacks. */
  readonly added: ReadonlySet<string>;
};

/** The layers that are to be written anew. */
export function publishedChanges(
  found: readonly FoundLayer[],
  changed: ChangedCommits,
  { change }: PublishedFiles,
): readonly LayerChange[] {
  const present = new Map(found.flatMap(({ files }) => [...files]));
  const wanted = change(present, changed);
  const changes = found.map(({ layer, repo, files, hasConfig }): LayerChange => {
    const own = [...wanted].filter(([path, bytes]) =>
      present.has(path) ? files.has(path) : hasConfig && bytes !== undefined,
    );
    const added = own.filter(([path]) => !present.has(path)).map(([path]) => `${repo}/${path}`);
    return {
      layer,
      files: new Map(own.map(([path, bytes]) => [`${repo}/${path}`, bytes])),
      added: new Set(added),
    };
  });
  return changes.filter(({ files }) => files.size > 0);
}
