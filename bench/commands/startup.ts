/** How long the command takes to start: it prints its version, and lists a small directory. */
import { debianRepos, REF } from '../debian-tree.ts';
import type { Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { compare } from './compare.ts';

/** Runs per turn, because one run takes a fraction of a second. */
const RUNS = 10;
const DIRECTORY = '/usr/lib/systemd';

export async function benchStartup(setting: Setting): Promise<Section> {
  const { bare } = await debianRepos();
  const version = await compare({
    setting,
    runs: RUNS,
    theirs: { name: 'ostree --version', command: () => ['ostree', '--version'] },
    ours: [
      {
        name: 'treeport --version',
        command: ({ treeport }) => treeport('--version'),
        goals: { seconds: 0.12 },
      },
    ],
  });
  const list = await compare({
    setting,
    runs: RUNS,
    theirs: { name: 'ostree ls', command: () => ['ostree', `--repo=${bare}`, 'ls', REF, DIRECTORY] },
    ours: [
      {
        name: 'treeport repo ls',
        command: ({ treeport }) => treeport('repo', 'ls', '--repo', bare, REF, DIRECTORY),
        goals: { seconds: 0.2 },
      },
    ],
  });
  return { title: 'start-up of the command', rows: [...version, ...list] };
}
