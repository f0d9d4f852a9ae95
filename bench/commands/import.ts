/**
 * `treeport container unencapsulate` of the Debian tree from an OCI layout, and `ostree pull-local` of the
 * same commit from a repository of the other kind, so that both convert every object: to bare from archive
 * files or a gzip layer, to archive files from plain ones. Every import goes to a new repository on the same
 * disk. All of them are removed at the end, because ext4 is slow to create files for some seconds after many
 * were removed.
 */
import { join } from 'node:path';
import { THIS_BUILD } from '../builds.ts';
import { run } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { warmPageCache } from '../page-cache.ts';
import type { Row, Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { compare, type Goals } from './compare.ts';
import { VERB_MEGABYTES } from './goals.ts';

const MODES = {
  bare: { from: 'archive', goals: { ratio: 1.1, megabytes: VERB_MEGABYTES } },
  archive: { from: 'bare', goals: { megabytes: VERB_MEGABYTES } },
} as const satisfies Readonly<Record<string, { from: 'bare' | 'archive'; goals: Goals }>>;

export function benchImport(setting: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const repos = await debianRepos();
    const image = join(scratch, 'image');
    const encapsulate = ['container', 'encapsulate', '--quiet', '--repo', repos.bare, REF, `oci:${image}`];
    await run(THIS_BUILD.treeport(...encapsulate));
    await warmPageCache(repos.bare, repos.archive, image);
    const counter = { next: 0 };
    const newRepo = async (mode: string) => {
      const repo = join(scratch, `repo-${counter.next++}`);
      await run(['ostree', `--repo=${repo}`, 'init', `--mode=${mode}`]);
      await run(['sync', '-f', scratch]);
      return repo;
    };
    const rows: Row[] = [];
    for (const [mode, { from, goals }] of Object.entries(MODES)) {
      if (setting.quick && mode === 'archive') continue;
      const compared = await compare({
        setting,
        theirs: {
          name: `ostree pull-local, ${from} into ${mode}`,
          command: async () => ['ostree', `--repo=${await newRepo(mode)}`, 'pull-local', repos[from], REF],
        },
        ours: [
          {
            name: `treeport container unencapsulate, into ${mode}`,
            command: async ({ treeport }) => {
              const options = ['--quiet', '--repo', await newRepo(mode), '--write-ref', REF];
              const reference = `ostree-unverified-image:oci:${image}`;
              return treeport('container', 'unencapsulate', ...options, reference);
            },
            goals,
          },
        ],
      });
      rows.push(...compared);
    }
    return { title: 'import the Debian tree', rows };
  });
}
