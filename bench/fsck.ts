/** `treeport repo fsck` and `ostree fsck` on the same repository. */
import { THIS_BUILD } from './builds.ts';
import { measure } from './command.ts';
import { debianRepos } from './debian-tree.ts';
import { warmPageCache } from './page-cache.ts';
import { pairRatios, type Row, type Section } from './result.ts';
import { alternate } from './rounds.ts';
import type { Setting } from './setting.ts';

const GOAL = 0.8;

export async function benchFsck({ rounds }: Setting): Promise<Section> {
  const repos = await debianRepos();
  return {
    title: 'fsck of the Debian tree',
    rows: [
      ...(await compare('archive', repos.archive, rounds)),
      ...(await compare('bare', repos.bare, rounds)),
    ],
  };
}

async function compare(mode: string, repo: string, rounds: number): Promise<Row[]> {
  await warmPageCache(repo);
  const results = await alternate(
    [
      { name: 'ostree', turn: () => measure(['ostree', `--repo=${repo}`, 'fsck', '--quiet']) },
      {
        name: 'treeport',
        turn: () => measure(THIS_BUILD.treeport('repo', 'fsck', '--repo', repo, '--quiet')),
      },
    ],
    rounds,
  );
  const theirs = results.get('ostree') ?? [];
  const ours = results.get('treeport') ?? [];
  const wall = (runs: typeof ours) => runs.map(({ seconds }) => seconds);
  const cpu = (runs: typeof ours) => runs.map(({ cpuSeconds }) => cpuSeconds);
  return [
    { what: `${mode}: ostree fsck`, unit: 'seconds', values: wall(theirs) },
    { what: `${mode}: treeport repo fsck`, unit: 'seconds', values: wall(ours) },
    { what: `${mode}: ratio`, unit: 'ratio', values: pairRatios(wall(ours), wall(theirs)), atMost: GOAL },
    { what: `${mode}: ratio of processor time`, unit: 'ratio', values: pairRatios(cpu(ours), cpu(theirs)) },
    { what: `${mode}: peak memory of treeport`, unit: 'MB', values: ours.map(({ peakMB }) => peakMB) },
  ];
}
