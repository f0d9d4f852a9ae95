/** Opens a repository of any mode for a verb; extended attributes are read through libc. */
import { openRepository, type Repository } from '../ostree/repo/open.ts';

export function openRepo(path: string): Promise<Repository> {
  return openRepository(path, { xattrs: async () => (await import('../native/libc/xattrs.ts')).libcXattrs });
}
