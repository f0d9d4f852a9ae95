/**
 * The history of a Debian system in an archive repository, for packings of layers: the suite as released,
 * with its updates, with a dozen more packages, and with the kernel of the backports. dpkg's database is in
 * each commit. Each is bootstrapped afresh, as builders of images do it.
 */
import { commitDebian, RELEASED, type TreeOptions } from './debian-tree.ts';
import { prepared } from './storage.ts';

const MORE = [
  ...['ca-certificates', 'curl', 'htop', 'jq', 'less', 'nano', 'openssh-server', 'rsync', 'strace', 'sudo'],
  ...['tcpdump', 'tmux'],
];
const BACKPORTS = [
  RELEASED,
  'deb http://deb.debian.org/debian bookworm-updates main',
  'deb http://deb.debian.org/debian-security bookworm-security main',
  'deb http://deb.debian.org/debian bookworm-backports main',
];

/** Refs, oldest first, and how each is made. */
export const HISTORY: Readonly<Record<string, Pick<TreeOptions, 'sources' | 'packages'>>> = {
  'history/1-released': { sources: [RELEASED] },
  'history/2-updates': {},
  'history/3-packages': { packages: MORE },
  'history/4-kernel': { sources: BACKPORTS, packages: [...MORE, 'linux-image-amd64/bookworm-backports'] },
};

/** Path of the repository. The first run takes some ten minutes. */
export function debianHistory(): Promise<string> {
  return prepared('repos/history', async (repo) => {
    for (const ref of Object.keys(HISTORY)) await commitHistoryStep(repo, ref);
  });
}

/** Adds one commit of {@link HISTORY} to the repository. */
export async function commitHistoryStep(repo: string, ref: string): Promise<void> {
  await commitDebian({ repo, mode: 'archive', ref, database: true, ...HISTORY[ref] });
}
