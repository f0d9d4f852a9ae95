/** Reads metadata objects through libostree, which also sees what a transaction under way has written. */
import type { ErrorCode } from '../../base/error-codes.ts';
import { TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import type { SinkMetadataType } from '../../ostree/object-sink.ts';
import { checked, type ErrorPlace, type ForeignError, isNotFound } from '../glib/gerror.ts';
import { ownVariant, variantBytes } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import { OBJECT_TYPE } from './object-type.ts';

type VariantPlace = [Pointer | null];

const ostree = lazily(({ ostree }) => ({
  has: ostree.func(
    'int ostree_repo_has_object(void *repo, int type, const char *checksum, _Out_ int *has, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    type: number,
    checksum: Checksum,
    has: [number],
    cancellable: null,
    error: ErrorPlace,
  ) => number,
  load: ostree.func(
    'int ostree_repo_load_variant(void *repo, int type, const char *checksum, _Inout_ void **variant, _Inout_ void **error)',
  ) as (repo: Pointer, type: number, checksum: Checksum, variant: VariantPlace, error: ErrorPlace) => number,
  readDetached: ostree.func(
    'int ostree_repo_read_commit_detached_metadata(void *repo, const char *checksum, _Inout_ void **variant, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    checksum: Checksum,
    variant: VariantPlace,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

export function hasObject(repo: Pointer, name: ObjectName): boolean {
  const has: [number] = [0];
  checked(`cannot look for object ${formatObjectName(name)}`, (error) =>
    ostree().has(repo, OBJECT_TYPE[name.type], name.checksum, has, null, error),
  );
  return has[0] !== 0;
}

/** The bytes of a metadata object, not verified. Throws ERR_OBJECT_MISSING. */
export function loadMetadata(
  repo: Pointer,
  type: SinkMetadataType | 'commitmeta',
  checksum: Checksum,
): Buffer {
  const name = formatObjectName({ type, checksum });
  const place: VariantPlace = [null];
  checked(
    `cannot read object ${name}`,
    (error) =>
      type === 'commitmeta'
        ? ostree().readDetached(repo, checksum, place, null, error)
        : ostree().load(repo, OBJECT_TYPE[type], checksum, place, error),
    missingObject,
  );
  if (place[0] === null)
    throw new TreeportError('ERR_OBJECT_MISSING', `object ${name} is not in the repository`);
  using variant = ownVariant(place[0]);
  return variantBytes(variant.pointer);
}

/** What an error of calls that read an object is called if it is not there. */
export function missingObject(error: ForeignError): ErrorCode | undefined {
  return isNotFound(error) ? 'ERR_OBJECT_MISSING' : undefined;
}
