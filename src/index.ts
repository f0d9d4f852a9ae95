/** The library's public API. */
export type { ErrorCode } from './base/error-codes.ts';
export { isTreeportError, TreeportError } from './base/errors.ts';
export type { Checksum } from './ostree/checksum.ts';
export type { Commit } from './ostree/commit.ts';
export type { FileHeader } from './ostree/file-header.ts';
export type { ObjectName } from './ostree/object-name.ts';
export type { ContentObject, ObjectSource } from './ostree/object-source.ts';
export { listHeads, listMirrorRefs, listRemoteRefs, type Refs } from './ostree/refs.ts';
export {
  type OpenOptions,
  openRepository,
  type Repository,
  type RepositoryMode,
} from './ostree/repo/open.ts';
export { loadCommit, resolveRevision } from './ostree/revision.ts';
export { reachableObjects, walkTree } from './ostree/walk.ts';
