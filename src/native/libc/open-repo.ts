/** Opens a repository of any mode. */
import { openRepository, type Repository } from '../../ostree/repo/open.ts';

/**
 * Opens the repository; extended attributes are read through libc, which is loaded if its mode needs them.
 * ERR_REPO_MISSING, ERR_REPO_CONFIG, ERR_REPO_MODE.
 */
export function openRepo(path: string): Promise<Repository> {
  return openRepository(path, { xattrs: async () => (await import('./xattrs.ts')).libcXattrs });
}
