/** `treeport/packages`: the packages of a commit. */
export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export {
  type ChangeRateOptions,
  type ChangeRates,
  changeRates,
  type ObservedChanges,
} from '../packages/change-rate.ts';
export type { ContentFacts, UserComponent } from '../packages/content-facts.ts';
export { diffPackages, type PackageChange } from '../packages/diff-packages.ts';
export type { PathOwner, PathOwners } from '../packages/ownership.ts';
export type { ChangelogEntry, Package, PackageFormat } from '../packages/package.ts';
export {
  type CommitOwnership,
  type CommitPackages,
  type ReadPackagesOptions,
  readOwnership,
  readPackages,
} from '../packages/read-packages.ts';
