/** Changes the remotes in a repository's config. */
import type { ErrorCode } from '../../base/error-codes.ts';
import { TreeportError } from '../../base/errors.ts';
import { type Variant, variant } from '../../gvariant/index.ts';
import { DICT_TYPE, serializeDict } from '../../ostree/metadata-dict.ts';
import { isRemoteName } from '../../ostree/ref-name.ts';
import { checked, type ErrorPlace, type ForeignError, isNotFound } from '../glib/gerror.ts';
import { newVariant } from '../glib/glib.ts';
import { lazily, type Pointer } from '../library.ts';
import type { LibostreeRepo } from './repository.ts';

export type RemoteConfig = {
  /** Optional, because a remote whose keys only verify imports is never pulled from. */
  readonly url?: string;
  /** `gpg-verify`, `sign-verify`, … as ostree's config has them. */
  readonly options?: Readonly<Record<string, string | boolean | readonly string[]>>;
};

/** OstreeRepoRemoteChange. */
const DELETE = 2;
const REPLACE = 4;

const ostree = lazily(({ ostree }) => ({
  change: ostree.func(
    'int ostree_repo_remote_change(void *repo, void *sysroot, int change, const char *name, const char *url, void *options, void *cancellable, _Inout_ void **error)',
  ) as (
    repo: Pointer,
    sysroot: null,
    change: number,
    name: string,
    url: string | null,
    options: Pointer | null,
    cancellable: null,
    error: ErrorPlace,
  ) => number,
}));

/** Adds the remote, or replaces its configuration. */
export function setRemote(repo: LibostreeRepo, name: string, config: RemoteConfig): void {
  checkRemoteName(name);
  const entries = Object.entries(config.options ?? {}).map(
    ([key, value]) => [key, optionVariant(value)] as const,
  );
  using options = newVariant(DICT_TYPE, serializeDict(new Map(entries)));
  checked(`cannot configure the remote ${name}`, (error) =>
    ostree().change(repo.pointer, null, REPLACE, name, config.url ?? null, options.pointer, null, error),
  );
}

/** Removes the remote and its keys. Throws ERR_REMOTE_MISSING. */
export function deleteRemote(repo: LibostreeRepo, name: string): void {
  checkRemoteName(name);
  checked(
    `cannot delete the remote ${name}`,
    (error) => ostree().change(repo.pointer, null, DELETE, name, null, null, null, error),
    missingRemote,
  );
}

/** Classifies the errors of calls that name a remote: ERR_REMOTE_MISSING if it does not exist. */
export function missingRemote(error: ForeignError): ErrorCode | undefined {
  return isNotFound(error) ? 'ERR_REMOTE_MISSING' : undefined;
}

function optionVariant(value: string | boolean | readonly string[]): Variant {
  if (typeof value === 'string') return variant('s', value);
  return typeof value === 'boolean' ? variant('b', value) : variant('as', value);
}

/** Remote names become parts of file names and of the config's group headers. */
function checkRemoteName(name: string): void {
  if (!isRemoteName(name))
    throw new TreeportError('ERR_REF_SYNTAX', `${JSON.stringify(name)} is not a valid remote name`);
}
