/** Opens repositories for the verbs: any mode, attributes read through libc. */
import { openRepository, type Repository } from '../ostree/repo/open.ts';

export async function openRepo(path: string): Promise<Repository> {
  const { libcXattrs } = await import('../libostree/xattrs.ts');
  return openRepository(path, { xattrs: libcXattrs });
}
