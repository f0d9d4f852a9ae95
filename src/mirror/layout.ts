/**
 * Where things lie in a mirror image, and how its server is started.
 *
 * Everything of ours is below `sysroot/treeport`: clients that import the image as an OS drop every derived path
 * outside `usr`, `etc` and `var`, so the OS they boot is the commit as it was made. Nothing may go below
 * `sysroot/ostree/repo`, the embedded repo, where clients look for objects.
 */

export const TREEPORT_PATH = 'sysroot/treeport';
export const PUBLISHED_REPO_PATH: string = `${TREEPORT_PATH}/repo`;
/** From the published repo to the embedded one, which lies beside it also in an extracted image. */
export const EMBEDDED_FROM_PUBLISHED = '../../ostree/repo';

/** Names in the published repo. */
export const CATALOGUE_FILE = 'catalogue';

/** Names in the runtime. */
export const RUNTIME_LOADER = 'lib/ld.so';
export const RUNTIME_LIBRARIES = 'lib';
export const RUNTIME_NODE = 'bin/node';
export const RUNTIME_APP = 'app/treeport.mjs';

export const MIRROR_PORT = 8080;
/** Any id will do; this one is nobody's. */
export const MIRROR_USER = '65532:65532';

/** See docs/decisions/0021-small-young-generation.md: a tenth less memory during a pull, for nothing. */
const SMALL_HEAP = '--max-semi-space-size=2';

/** The command that runs a verb of the runtime: its own loader, so that no libc of the OS beside it is needed. */
export function runtimeCommand(verb: 'serve' | 'check' | 'seal'): readonly string[] {
  const at = (path: string): string => `/${TREEPORT_PATH}/${path}`;
  const loader = [at(RUNTIME_LOADER), '--library-path', at(RUNTIME_LIBRARIES)];
  return [...loader, at(RUNTIME_NODE), ...(verb === 'serve' ? [SMALL_HEAP] : []), at(RUNTIME_APP), verb];
}
