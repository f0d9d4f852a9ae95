/** What a snapshot holds, as `snapshot info` and `list` print it. */
import type { Digest } from '../oci/model/descriptor.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { SnapshotCommit } from './description.ts';
import type { Snapshot } from './open.ts';
import type { SnapshotRefs } from './snapshot-refs.ts';

export type SnapshotInfo = {
  readonly digest: Digest;
  /** The encapsulated commit. */
  readonly main: Checksum | undefined;
  /** Bytes of all blobs. */
  readonly size: number;
  readonly refs: SnapshotRefs;
  readonly commits: readonly SnapshotCommit[];
  readonly objects: {
    readonly content: number;
    readonly metadata: number;
    /** Objects of former snapshots that are still in layers. */
    readonly dead: number;
  };
  /** The layers that have objects. */
  readonly layers: readonly LayerSummary[];
};

export type LayerSummary = {
  readonly digest: Digest;
  readonly kind: 'os' | 'objects';
  readonly size: number;
  readonly objects: number;
  readonly dead: number;
};

/** What a snapshot holds, from what was read when it was opened. */
export function snapshotInfo({ image, description, refs, layers }: Snapshot): SnapshotInfo {
  const { config, layers: blobs } = image.manifest;
  const count = { content: 0, metadata: 0, dead: 0 };
  const summaries = layers.map(({ digest, kind, size, objects }) => {
    const dead = objects.filter(({ isDead }) => isDead).length;
    const content = objects.filter(({ type, isDead }) => type === 'file' && !isDead).length;
    count.dead += dead;
    count.content += content;
    count.metadata += objects.length - dead - content;
    return { digest, kind, size, objects: objects.length, dead };
  });
  return {
    digest: image.manifestDigest,
    main: description.main,
    size: [config, ...blobs].reduce((sum, { size }) => sum + size, 0),
    refs,
    commits: description.commits,
    objects: count,
    layers: summaries,
  };
}
