/**
 * Writes objects through libostree, within a transaction of the repository. Runs on several write threads at
 * once.
 *
 * Content is hashed here, and libostree is not asked for its checksum, because Debian's libostree is built
 * with GLib's SHA-256, which takes four times as long as Node's. libostree hashes metadata.
 *
 * libostree reports failed writes with one exception: in archive repositories it ignores errors of the last
 * bytes of a compressed file, which GLib writes when the stream is disposed of. So content that it wrote is
 * read back there (read-back.ts).
 */
import { hash } from 'node:crypto';
import { statfsSync } from 'node:fs';
import koffi from 'koffi';
import { asBuffer } from '../../base/bytes.ts';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { wrongChecksum } from '../../ostree/object-fault.ts';
import type { HashedMetadataType } from '../../ostree/object-name.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import { checked, type ErrorPlace } from '../glib/gerror.ts';
import { newVariant, ownObject } from '../glib/glib.ts';
import { startWriteback } from '../libc/writeback.ts';
import { lazily, type Pointer } from '../library.ts';
import { METADATA_VARIANT, missingObject, OBJECT_TYPE } from './metadata.ts';
import { holdsObject } from './read-back.ts';
import { FLUSHED_BYTES, stageContent } from './stage-content.ts';
import { dropObject, type StagedRepo, stagedPath, storedPath } from './staging.ts';

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
  fsckObject: ostree.func(
    'int ostree_repo_fsck_object(void *repo, int type, const char *checksum, void *cancellable, _Inout_ void **error)',
  ) as (repo: Pointer, type: number, checksum: Checksum, cancellable: null, error: ErrorPlace) => number,
  memoryStream: gio.func(
    'void *g_memory_input_stream_new_from_data(void *data, int64_t length, void *destroy)',
  ) as (data: Pointer, length: number, destroy: null) => Pointer,
  fileStream: gio.func('void *g_unix_input_stream_new(int descriptor, int close)') as (
    descriptor: number,
    close: number,
  ) => Pointer,
  bufferedStream: gio.func('void *g_buffered_input_stream_new_sized(void *stream, size_t size)') as (
    stream: Pointer,
    size: number,
  ) => Pointer,
}));

const BUFFER_BYTES = 1024 * 1024;

/**
 * Verifies and writes a content object from its hashed stream (header and file bytes) in memory, which must
 * stay until then.
 */
export async function writeContent(repo: StagedRepo, checksum: Checksum, stream: Uint8Array): Promise<void> {
  const actual = hash('sha256', stream);
  if (actual !== checksum) throw wrongChecksum(`${checksum}.file`, actual);
  if (await stageContent(repo.staging, checksum, asBuffer(stream))) return;
  // The stream reads our memory in place, and is released before we return.
  using input = ownObject(ostree().memoryStream(koffi.address(stream), stream.length, null));
  writeStream(repo, checksum, input.pointer, stream.length, (path) => holdsObject(path, stream));
}

/**
 * Writes a content object that was verified before, from its hashed stream in a file positioned at the start.
 */
export function writeContentFile(
  repo: StagedRepo,
  checksum: Checksum,
  descriptor: number,
  length: number,
): void {
  using file = ownObject(ostree().fileStream(descriptor, 0));
  // Buffered, because libostree since 2023.8 clones the whole file, header included, if the stream has a
  // descriptor.
  using input = ownObject(ostree().bufferedStream(file.pointer, BUFFER_BYTES));
  const isWritten = () => isSound(repo.pointer, { type: 'file', checksum });
  writeStream(repo, checksum, input.pointer, length, isWritten);
}

function writeStream(
  repo: StagedRepo,
  checksum: Checksum,
  stream: Pointer,
  length: number,
  isWritten: (path: string) => boolean,
): void {
  const what = `cannot write object ${checksum}.file`;
  const write = () =>
    checked(what, (error) =>
      ostree().writeContent(repo.pointer, checksum, stream, length, null, null, error),
    );
  readBack(repo, { type: 'file', checksum }, { what, write, isWritten });
  if (length >= FLUSHED_BYTES && repo.staging.syncs)
    startWriteback(stagedPath(repo.staging, { type: 'file', checksum }));
}

type Writing = {
  /** What failed, for messages. */
  readonly what: string;
  readonly write: () => void;
  /** Checks the file of the object. */
  readonly isWritten: (path: string) => boolean;
};

/** Writes an object, and reads it back where libostree misses write errors. */
function readBack({ staging }: StagedRepo, name: ObjectName, { what, write, isWritten }: Writing): void {
  const isCheckedHere =
    staging.mode === 'archive' && name.type === 'file' && storedPath(staging, name) === undefined;
  write();
  if (!isCheckedHere) return;
  const path = storedPath(staging, name);
  if (path !== undefined && isWritten(path)) return;
  const isFull = isFullAt(staging.repo);
  dropObject(staging, name);
  if (isFull) throw new TreeportError('ERR_DISK_FULL', `${what}: no space left in ${staging.repo}`);
  throw new TreeportError('ERR_IO', `${what}: the bytes read back from disk differ from those written`);
}

/** The error that libostree missed was most likely this one. */
function isFullAt(path: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize < BUFFER_BYTES;
}

/** Verifies and writes a metadata object. */
export function writeMetadata(
  { pointer }: StagedRepo,
  type: HashedMetadataType,
  checksum: Checksum,
  bytes: Uint8Array,
): void {
  using variant = newVariant(METADATA_VARIANT[type], bytes);
  checked(`cannot write object ${checksum}.${type}`, (error) =>
    ostree().writeMetadata(pointer, OBJECT_TYPE[type], checksum, variant.pointer, null, null, error),
  );
}

/** True if the object can be read and its bytes give its id. */
function isSound(repo: Pointer, name: ObjectName): boolean {
  const { type, checksum } = name;
  try {
    checked(`object ${formatObjectName(name)} is not sound`, (error) =>
      ostree().fsckObject(repo, OBJECT_TYPE[type], checksum, null, error),
    );
    return true;
  } catch (error) {
    if (isTreeportError(error)) return false;
    throw error;
  }
}

/** Verifies and copies an object from another repository. Throws ERR_OBJECT_MISSING. */
export function importObject(repo: StagedRepo, source: Pointer, name: ObjectName): void {
  const what = `cannot import object ${formatObjectName(name)}`;
  const { type, checksum } = name;
  const write = () =>
    checked(
      what,
      (error) => ostree().importObject(repo.pointer, source, OBJECT_TYPE[type], checksum, 0, null, error),
      missingObject,
    );
  readBack(repo, name, { what, write, isWritten: () => isSound(repo.pointer, name) });
}

/** Removes objects, staged by an earlier transaction, whose bytes do not give their ids. */
export function dropUnsound({ pointer, staging }: StagedRepo, names: readonly ObjectName[]): void {
  for (const name of names) if (!isSound(pointer, name)) dropObject(staging, name);
}
