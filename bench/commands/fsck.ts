/** `treeport repo fsck` and `ostree fsck` on the same repository. */
import { debianRepos } from '../debian-tree.ts';
import { warmPageCache } from '../page-cache.ts';
import type { Row, Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { compare } from './compare.ts';
import { VERB_MEGABYTES } from './goals.ts';

const GOALS = { ratio: 0.8, megabytes: VERB_MEGABYTES };

export async function benchFsck(setting: Setting): Promise<Section> {
  const rows: Row[] = [];
  for (const [mode, repo] of Object.entries(await debianRepos())) {
    await warmPageCache(repo);
    const compared = await compare({
      setting,
      theirs: {
        name: `ostree fsck, ${mode}`,
        command: () => ['ostree', `--repo=${repo}`, 'fsck', '--quiet'],
      },
      ours: [
        {
          name: `treeport repo fsck, ${mode}`,
          command: ({ treeport }) => treeport('repo', 'fsck', '--repo', repo, '--quiet'),
          goals: GOALS,
        },
      ],
    });
    rows.push(...compared);
  }
  return { title: 'fsck of the Debian tree', rows };
}
