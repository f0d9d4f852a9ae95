/** `treeport/mirror`: images that serve themselves. */
import '../native/libc/use-locks.ts';

export type { ErrorCode } from '../base/error-codes.ts';
export { isTreeportError, TreeportError } from '../base/errors.ts';
export { type BuildOptions, buildMirror } from '../mirror/build.ts';
export { openPublishedRepo } from '../mirror/open-published.ts';
export { type Publication, publicationOf } from '../mirror/published-refs.ts';
export { installedRuntime, type Runtime } from '../mirror/runtime/runtime.ts';
