/**
 * `treeport container unencapsulate` of the Debian tree from an OCI layout, and `ostree pull-local` of the
 * same commit from a repository of the other kind, so that both convert every object: to bare from archive
 * files or a gzip layer, to archive files from plain ones. Every import goes to a new repository on the same
 * disk. All of them are removed at the end, because ext4 is slow to create files for some seconds after many
 * were removed.
 */
import { join } from 'node:path';
import { THIS_BUILD } from './builds.ts';
import { type Command, type Measured, measure, run } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';
import { warmPageCache } from './page-cache.ts';
import { pairRatios, type Row, type Section } from './result.ts';
import { alternate, type Contender, type Rounds } from './rounds.ts';
import type { Setting } from './setting.ts';
import { withScratch } from './storage.ts';

const GOALS = { bare: 1.2, megabytes: 250 };
const MODES = ['bare', 'archive'] as const;

type Mode = (typeof MODES)[number];

const OURS: Readonly<Record<Mode, string>> = {
  bare: 'treeport container unencapsulate, into bare',
  archive: 'treeport container unencapsulate, into archive',
};
const THEIRS: Readonly<Record<Mode, string>> = {
  bare: 'ostree pull-local, archive into bare',
  archive: 'ostree pull-local, bare into archive',
};

export function benchImport({ rounds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const repos = await debianRepos();
    const image = join(scratch, 'image');
    await run(
      THIS_BUILD.treeport('container', 'encapsulate', '--quiet', '--repo', repos.bare, REF, `oci:${image}`),
    );
    await warmPageCache(repos.bare, repos.archive, image);
    const counter = { next: 0 };
    const contender = (
      name: string,
      mode: Mode,
      command: (repo: string) => Command,
    ): Contender<Measured> => ({
      name,
      async turn() {
        const repo = join(scratch, `repo-${counter.next++}`);
        await run(['ostree', `--repo=${repo}`, 'init', `--mode=${mode}`]);
        await run(['sync', '-f', scratch]);
        return measure(command(repo));
      },
    });
    const source = { bare: repos.archive, archive: repos.bare };
    const contenders = MODES.flatMap((mode) => [
      contender(THEIRS[mode], mode, (repo) => ['ostree', `--repo=${repo}`, 'pull-local', source[mode], REF]),
      contender(OURS[mode], mode, (repo) => {
        const words = ['--quiet', '--repo', repo, '--write-ref', REF];
        return THIS_BUILD.treeport(
          'container',
          'unencapsulate',
          ...words,
          `ostree-unverified-image:oci:${image}`,
        );
      }),
    ]);
    return { title: 'import the Debian tree', rows: rowsOf(await alternate(contenders, rounds)) };
  });
}

function rowsOf(results: Rounds<Measured>): Row[] {
  const figures = (name: string, key: keyof Measured) => (results.get(name) ?? []).map((one) => one[key]);
  const ratio = (mode: Mode, atMost?: number): Row => ({
    what: `${OURS[mode]} / ${THEIRS[mode]}`,
    unit: 'ratio',
    values: pairRatios(figures(OURS[mode], 'seconds'), figures(THEIRS[mode], 'seconds')),
    ...(atMost === undefined ? {} : { atMost }),
  });
  const memory = (mode: Mode): Row => ({
    what: `${OURS[mode]}, peak memory`,
    unit: 'MB',
    values: figures(OURS[mode], 'peakMB'),
    atMost: GOALS.megabytes,
  });
  return [
    ...[...results.keys()].map(
      (name): Row => ({ what: name, unit: 'seconds', values: figures(name, 'seconds') }),
    ),
    ratio('bare', GOALS.bare),
    ratio('archive'),
    ...MODES.map(memory),
  ];
}
