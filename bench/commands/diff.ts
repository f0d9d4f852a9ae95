/**
 * `treeport diff` and `ostree diff` of the Debian tree and updates of it that change 200 files, in
 * neighbouring directories (as the update of one package) or spread over the whole tree. Start-up time is
 * included, because the user waits for it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { output, run } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { warmPageCache } from '../page-cache.ts';
import type { Row, Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { prepared, withScratch } from '../storage.ts';
import { compare } from './compare.ts';
import { VERB_MEGABYTES } from './goals.ts';

const GOALS = { ratio: 1.5, megabytes: VERB_MEGABYTES };
const CHANGED_FILES = 200;
/** Runs per turn, because one run takes a fraction of a second. */
const RUNS = 5;
const UPDATES = { together: 'update/together', spread: 'update/spread' } as const;

type Update = keyof typeof UPDATES;

export async function benchDiff(setting: Setting): Promise<Section> {
  const repo = await updatedRepo();
  await warmPageCache(repo);
  const rows: Row[] = [];
  for (const [update, ref] of Object.entries(UPDATES)) {
    const compared = await compare({
      setting,
      runs: RUNS,
      theirs: {
        name: `ostree diff, ${update}`,
        command: () => ['ostree', `--repo=${repo}`, 'diff', REF, ref],
      },
      ours: [
        {
          name: `treeport diff, ${update}`,
          command: ({ treeport }) => treeport('diff', '--repo', repo, REF, ref),
          goals: GOALS,
        },
      ],
    });
    rows.push(...compared);
  }
  return { title: `diff of the Debian tree and updates of ${CHANGED_FILES} files`, rows };
}

/** An archive repository with the measured tree and its updates. */
export async function updatedRepo(): Promise<string> {
  const { archive } = await debianRepos();
  return prepared('repos/updates', async (repo) => {
    await run(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
    await run(['ostree', `--repo=${repo}`, 'pull-local', archive, REF]);
    const files = await listFiles(repo);
    const middle = Math.floor((files.length - CHANGED_FILES) / 2);
    await commitUpdate(repo, 'together', files.slice(middle, middle + CHANGED_FILES));
    const step = Math.floor(files.length / CHANGED_FILES);
    await commitUpdate(repo, 'spread', files.filter((_, n) => n % step === 0).slice(0, CHANGED_FILES));
  });
}

async function commitUpdate(repo: string, update: Update, paths: readonly string[]): Promise<void> {
  await withScratch(async (changes) => {
    for (const path of paths) {
      await mkdir(dirname(join(changes, path)), { recursive: true });
      await writeFile(join(changes, path), `another ${path}\n`);
    }
    const trees = [`--tree=ref=${REF}`, `--tree=dir=${changes}`];
    const branch = `--branch=${UPDATES[update]}`;
    await run(['ostree', `--repo=${repo}`, 'commit', branch, '--subject=Update', ...trees]);
  });
}

/** Regular files in tree order. */
async function listFiles(repo: string): Promise<readonly string[]> {
  const listing = await output(['ostree', `--repo=${repo}`, 'ls', '-R', REF]);
  return [...listing.matchAll(/^-\d+ +\d+ +\d+ +\d+ (.*)$/gm)].map((match) => match[1] as string);
}
