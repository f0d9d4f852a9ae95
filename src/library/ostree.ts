/** `treeport/ostree`: reading repositories of any mode. Foreign code is loaded if a repository needs it. */
export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { openRepo } from '../native/libc/open-repo.ts';
export { type Checksum, isChecksum, parseChecksum } from '../ostree/checksum.ts';
export type { Commit } from '../ostree/commit.ts';
export { type CommitDiff, type DiffOptions, diffCommits, diffTrees, type TreeDiff } from '../ostree/diff.ts';
export { attributesOf, type Change, describeChange, type NodeAttributes } from '../ostree/diff-attributes.ts';
export type { FileHeader } from '../ostree/file-header.ts';
export { type Found, lookUp } from '../ostree/lookup.ts';
export { type MetadataDict, parseDict, serializeDict } from '../ostree/metadata-dict.ts';
export type { ObjectName } from '../ostree/object-name.ts';
export type { ContentObject, ObjectSource, StoredObject } from '../ostree/object-source.ts';
export { listHeads, listMirrorRefs, listRemoteRefs, type Refs } from '../ostree/refs.ts';
export {
  type OpenOptions,
  openRepository,
  type Repository,
  type RepositoryMode,
} from '../ostree/repo/open.ts';
export { loadCommit, resolveRevision } from '../ostree/revision.ts';
export { reachableObjects, walkTree } from '../ostree/walk.ts';
