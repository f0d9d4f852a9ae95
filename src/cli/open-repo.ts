/** Opens a repository of any mode for a verb; extended attributes are read through libc. */
import { openRepository, type Repository } from '../ostree/repo/open.ts';

export function openRepo(path: string): Promise<Repository> {
  return openRepository(path, { xattrs: async () => (await import('../native/libc/xattrs.ts')).libcXattrs });
}

/** The same, also for the published repo of a mirror image, wherever the image is unpacked. */
export async function openAnyRepo(path: string): Promise<Repository> {
  const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
  return (await isPublishedRepo(path)) ? openPublishedRepo(path) : openRepo(path);
}
