/**
 * Writes objects through libostree, within a transaction of the repository. Runs on write threads, several at once.
 *
 * Content is hashed here and handed over without asking libostree for its sum: Debian's libostree is built with GLib's
 * SHA-256, which takes four times as long as Node's. Metadata is hashed by libostree.
 */
import { hash } from 'node:crypto';
import koffi from 'koffi';
import type { Checksum } from '../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../ostree/object-name.ts';
import type { SinkMetadataType } from '../ostree/object-sink.ts';
import { corrupt } from '../ostree/verify.ts';
import { DETACHED_VARIANT, METADATA_VARIANT } from './check-metadata.ts';
import { checked, type ErrorPlace } from './gerror.ts';
import { newVariant, ownObject } from './glib.ts';
import { lazily, type Pointer } from './library.ts';
import { missingObject } from './load-metadata.ts';
import { OBJECT_TYPE } from './object-type.ts';

const ostree = lazily(({ ostree, gio }) => ({
  writeContent: ostree.func(
    'int ostree_repo_write_content(void *repo, const char *checksum, void *stream, uint64_t length, void *sum, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    checksum: Checksum,
    stream: Pointer,
    length: number,
    sum: null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  writeMetadata: ostree.func(
    'int ostree_repo_write_metadata(void *repo, int type, const char *checksum, void *variant, void *sum, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    type: number,
    checksum: Checksum,
    variant: Pointer,
    sum: null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  writeDetached: ostree.func(
    'int ostree_repo_write_commit_detached_metadata(void *repo, const char *checksum, void *variant, void *cancellable, _Inout_ void **error)',
  ) as (repo: Pointer, checksum: Checksum, variant: Pointer, cancellable: null, error: ErrorPlace) => number,
  importObject: ostree.func(
    'int ostree_repo_import_object_from_with_trust(void *repo, void *source, int type, const char *checksum, int trusted, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    source: Pointer,
    type: number,
    checksum: Checksum,
    trusted: number,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  memoryStream: gio.func(
    'void *g_memory_input_stream_new_from_data(void *data, int64_t length, void *destroy)',
  ) as (data: Pointer, length: number, destroy: null) => Pointer,
  fileStream: gio.func('void *g_unix_input_stream_new(int descriptor, int close)') as (
    descriptor: number,
    close: number,
  ) => Pointer,
}));

/** Verifies and writes a content object from its hashed stream (header and file bytes) in memory. */
export function writeContent(repo: Pointer, checksum: Checksum, stream: Uint8Array): void {
  const actual = hash('sha256', stream);
  if (actual !== checksum) throw corrupt(`${checksum}.file`, actual);
  // The stream reads our memory itself, and is gone before we return.
  using input = ownObject(ostree().memoryStream(koffi.address(stream), stream.length, null));
  writeStream(repo, checksum, input.pointer, stream.length);
}

/** Writes a content object, verified before, from its hashed stream in a file that is positioned at its start. */
export function writeContentFile(
  repo: Pointer,
  checksum: Checksum,
  descriptor: number,
  length: number,
): void {
  using input = ownObject(ostree().fileStream(descriptor, 0));
  writeStream(repo, checksum, input.pointer, length);
}

function writeStream(repo: Pointer, checksum: Checksum, stream: Pointer, length: number): void {
  checked(`cannot write object ${checksum}.file`, (error) =>
    ostree().writeContent(repo, checksum, stream, length, null, null, error),
  );
}

/** Verifies and writes a metadata object. */
export function writeMetadata(
  repo: Pointer,
  type: SinkMetadataType,
  checksum: Checksum,
  bytes: Uint8Array,
): void {
  using variant = newVariant(METADATA_VARIANT[type], bytes);
  checked(`cannot write object ${checksum}.${type}`, (error) =>
    ostree().writeMetadata(repo, OBJECT_TYPE[type], checksum, variant.pointer, null, null, error),
  );
}

export function writeDetachedMetadata(repo: Pointer, commit: Checksum, bytes: Uint8Array): void {
  using variant = newVariant(DETACHED_VARIANT, bytes);
  checked(`cannot write object ${commit}.commitmeta`, (error) =>
    ostree().writeDetached(repo, commit, variant.pointer, null, error),
  );
}

/** Verifies and copies an object of another repository. Throws ERR_OBJECT_MISSING. */
export function importObject(repo: Pointer, source: Pointer, name: ObjectName): void {
  checked(
    `cannot import object ${formatObjectName(name)}`,
    (error) => ostree().importObject(repo, source, OBJECT_TYPE[name.type], name.checksum, 0, null, error),
    missingObject,
  );
}
