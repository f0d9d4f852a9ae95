/**
 * Where objects go: the counterpart of ObjectSource. A transaction of libostree's is one (src/native/ostree/); what reads
 * tar streams and images writes into it and knows nothing of libostree.
 *
 * A sink verifies: an object that is not what its id says is ERR_OBJECT_CORRUPT and is not kept. Writing may be
 * done on other threads, so a fault may come with a later call, and comes with `settle` at the latest.
 */
import type { Checksum } from './checksum.ts';
import type { ObjectName } from './object-name.ts';
import type { ContentObject } from './object-source.ts';

export type SinkMetadataType = 'commit' | 'dirtree' | 'dirmeta';

export type ObjectSink = {
  /** True if the object was written before: to this sink, or to the repository that it writes to. */
  has(name: ObjectName): Promise<boolean>;
  metadata(type: SinkMetadataType, checksum: Checksum, bytes: Uint8Array): Promise<void>;
  /** Detached metadata of a commit: a serialized `a{sv}`. */
  detachedMetadata(commit: Checksum, bytes: Uint8Array): Promise<void>;
  /** Has read the object's stream to its end when it resolves. */
  content(checksum: Checksum, object: ContentObject): Promise<void>;
  /** Resolves when everything given before is written; rejects with the first fault. */
  settle(): Promise<void>;
};
