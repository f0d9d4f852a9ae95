/**
 * Metadata objects and the state of commits, through libostree, which also sees what a transaction in
 * progress has staged.
 */
import type { ErrorCode } from '../../base/error-codes.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Checksum, parseChecksum } from '../../ostree/checksum.ts';
import { COMMIT_TYPE } from '../../ostree/commit.ts';
import { DIRMETA_TYPE } from '../../ostree/dirmeta.ts';
import { DIRTREE_TYPE } from '../../ostree/dirtree.ts';
import type { HashedMetadataType } from '../../ostree/object-name.ts';
import { formatObjectName, type ObjectName, type ObjectType } from '../../ostree/object-name.ts';
import { checked, type ErrorPlace, type ForeignError, isNotFound } from '../glib/gerror.ts';
import { ownVariant, variantBytes } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';

/** OstreeObjectType. */
export const OBJECT_TYPE: Readonly<Record<ObjectType, number>> = {
  file: 1,
  dirtree: 2,
  dirmeta: 3,
  commit: 4,
  'tombstone-commit': 5,
  commitmeta: 6,
};

export const METADATA_VARIANT: Readonly<Record<HashedMetadataType, string>> = {
  commit: COMMIT_TYPE,
  dirtree: DIRTREE_TYPE,
  dirmeta: DIRMETA_TYPE,
};

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
  markPartial: ostree.func(
    'int ostree_repo_mark_commit_partial(void *repo, const char *checksum, int partial, _Inout_ void **error)',
  ) as (repo: Pointer, checksum: Checksum, partial: number, error: ErrorPlace) => number,
}));

export function hasObject(repo: Pointer, name: ObjectName): boolean {
  const has: [number] = [0];
  checked(`cannot look for object ${formatObjectName(name)}`, (error) =>
    ostree().has(repo, OBJECT_TYPE[name.type], name.checksum, has, null, error),
  );
  return has[0] !== 0;
}

/** The bytes of a metadata object, unverified. Throws ERR_OBJECT_MISSING. */
export function loadMetadata(
  repo: Pointer,
  type: HashedMetadataType | 'commitmeta',
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

/** Classifies the errors of calls that read an object: ERR_OBJECT_MISSING if it does not exist. */
export function missingObject(error: ForeignError): ErrorCode | undefined {
  return isNotFound(error) ? 'ERR_OBJECT_MISSING' : undefined;
}

/** Marks a commit as partial or complete (`state/<checksum>.commitpartial`). */
export function markPartial(repo: Pointer, commit: Checksum, partial: boolean): void {
  const checksum = parseChecksum(commit);
  const what = `cannot mark the commit ${commit} as ${partial ? 'partial' : 'complete'}`;
  checked(what, (error) => ostree().markPartial(repo, checksum, Number(partial), error));
}
