/**
 * Where objects are written: the counterpart of ObjectSource. A libostree transaction is one
 * (src/native/ostree/); the readers of tar streams and images write into it and know nothing of libostree.
 *
 * A sink verifies: it rejects an object whose bytes do not give its id (ERR_OBJECT_CORRUPT). It may write on
 * other threads, so a later call may throw the error of an earlier one; `settle` does at the latest.
 */
import type { Checksum } from './checksum.ts';
import type { HashedMetadataType, ObjectName } from './object-name.ts';
import type { ContentObject } from './object-source.ts';

export type ObjectSink = {
  /** True if the object was given before, or is in the repository behind the sink. */
  has(name: ObjectName): Promise<boolean>;
  metadata(type: HashedMetadataType, checksum: Checksum, bytes: Uint8Array): Promise<void>;
  /** Detached metadata of a commit: a serialized `a{sv}`. */
  detachedMetadata(commit: Checksum, bytes: Uint8Array): Promise<void>;
  /**
   * Reads the object's stream to its end and returns its id. The caller passes undefined if it does not know
   * the id, as for the files of a new commit.
   */
  content(checksum: Checksum | undefined, object: ContentObject): Promise<Checksum>;
  /** Resolves when everything given before is written; rejects with the first error. */
  settle(): Promise<void>;
};
