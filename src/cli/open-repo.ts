/** Opens a repository for a verb. */
import { openRepo } from '../native/libc/open-repo.ts';
import type { Repository } from '../ostree/repo/open.ts';

export { openRepo };

/** Opens a repository, also the published repo of a mirror image, wherever the image is unpacked. */
export async function openAnyRepo(path: string): Promise<Repository> {
  const { isPublishedRepo, openPublishedRepo } = await import('../mirror/open-published.ts');
  return (await isPublishedRepo(path)) ? openPublishedRepo(path) : openRepo(path);
}
