/** `treeport tar export`, which verifies every object, and `ostree export`, which does not, into a pipe. */
import { shell } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { warmPageCache } from '../page-cache.ts';
import type { Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { compare } from './compare.ts';
import { VERB_MEGABYTES } from './goals.ts';

const GOALS = { ratio: 1.5, megabytes: VERB_MEGABYTES };

export async function benchTarExport(setting: Setting): Promise<Section> {
  const { bare } = await debianRepos();
  await warmPageCache(bare);
  const rows = await compare({
    setting,
    theirs: {
      name: 'ostree export',
      command: () => shell('ostree export --repo="$1" "$2" | cat > /dev/null', bare, REF),
    },
    ours: [
      {
        name: 'treeport tar export',
        command: ({ treeport }) =>
          shell('"$@" | cat > /dev/null', ...treeport('tar', 'export', '--repo', bare, REF)),
        goals: GOALS,
      },
    ],
  });
  return { title: 'export the Debian tree as a tar stream', rows };
}
