/** Opens repositories for the verbs: any mode, attributes read through libc. */
import { openRepository, type Repository } from '../ostree/repo/open.ts';

export function openRepo(path: string): Promise<Repository> {
  return openRepository(path, { xattrs: async () => (await import('../native/libc/xattrs.ts')).libcXattrs });
}
