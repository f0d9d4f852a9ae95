/**
 * Says why libostree fails to write to a repository on FAT or exFAT: it gives a new file its name by a rename
 * that replaces none, which some drivers lack, or by a hard link, which these file systems lack; and files of
 * bare repositories have owners, modes and attributes.
 */
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryName } from '../../base/atomic-file.ts';
import { errnoOf, isTreeportError, TreeportError } from '../../base/errors.ts';

const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** ERR_IO in place of an error of libostree, if the file system has no hard links; else the error itself. */
export function unlessUnfit(error: unknown, repo: string, link: typeof linkSync = linkSync): unknown {
  if (!isTreeportError(error, 'ERR_LIBOSTREE') || hasLinks(join(repo, 'tmp'), link)) return error;
  const why = `the file system of ${repo} has no hard links (FAT and exFAT have none), and libostree cannot write there`;
  const what =
    'use one such as ext4, or write the files of an archive repository with `treeport snapshot export`';
  return new TreeportError('ERR_IO', `${error.message}; ${why}: ${what}`, { cause: error });
}

/** True also if it cannot be found out. */
function hasLinks(directory: string, link: typeof linkSync): boolean {
  const [file, other] = [temporaryName(join(directory, 'links')), temporaryName(join(directory, 'linked'))];
  try {
    writeFileSync(file, '');
    link(file, other);
    return true;
  } catch (error) {
    return !NO_LINKS.includes(errnoOf(error));
  } finally {
    for (const path of [file, other]) rmSync(path, { force: true });
  }
}
