/**
 * Snapshots: extraction beside `ostree pull-local`, the bytes of a history, the time of an increment, and
 * memory with many refs.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../builds.ts';
import { measure, output, run } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { manyRefs, manyRefsRepo } from '../many-refs.ts';
import { HISTORY_COMMITS, NEXT_REF, packageHistory, UPDATES_REF } from '../package-history.ts';
import { warmPageCache } from '../page-cache.ts';
import { processUsage } from '../process-usage.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import { startServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { compare } from './compare.ts';

const MOST_BYTES = 1.05;
const MOST_TIME = 0.1;
const MEGABYTES = 250;

export function benchSnapshotExtract(setting: Setting): Promise<Section> {
  return section('snapshots: extraction', (scratch) => extraction(setting, scratch));
}

export function benchSnapshotHistory({ builds: [build] }: Setting): Promise<Section> {
  return section('snapshots: a history', (scratch) => historyRows(build, scratch));
}

export function benchSnapshotMemory({ builds: [build] }: Setting): Promise<Section> {
  return section('snapshots: many refs', (scratch) => memoryRows(build, scratch));
}

function section(title: string, measured: (scratch: string) => Promise<readonly Row[]>): Promise<Section> {
  return withScratch(async (scratch) => ({ title, rows: await measured(scratch) }));
}

async function extraction(setting: Setting, scratch: string): Promise<readonly Row[]> {
  const { archive } = await debianRepos();
  const image = `oci:${join(scratch, 'extraction')}`;
  await run(setting.builds[0].treeport('snapshot', 'create', '--quiet', '--repo', archive, REF, image));
  await warmPageCache(archive, join(scratch, 'extraction'));
  const counter = { next: 0 };
  const newRepo = async () => {
    const repo = join(scratch, `repo-${counter.next++}`);
    await run(['ostree', `--repo=${repo}`, 'init', '--mode=bare']);
    await run(['sync', '-f', scratch]);
    return repo;
  };
  return compare({
    setting,
    theirs: {
      name: 'ostree pull-local, archive into bare',
      command: async () => ['ostree', `--repo=${await newRepo()}`, 'pull-local', archive, REF],
    },
    ours: [
      {
        name: 'treeport snapshot extract, into bare',
        command: async ({ treeport }) =>
          treeport('snapshot', 'extract', '--quiet', '--repo', await newRepo(), image),
        goals: { ratio: 1.1 },
      },
    ],
  });
}

async function historyRows({ treeport }: Build, scratch: string): Promise<readonly Row[]> {
  const repo = join(scratch, 'repo');
  await run(['cp', '--archive', '--link', await packageHistory(), repo]);
  const layout = join(scratch, 'history');
  const create = (tag: string, ...words: readonly string[]) =>
    treeport(
      ...['snapshot', 'create', '--quiet', '--repo', repo, '--depth=all', ...words],
      ...[UPDATES_REF, `oci:${layout}:${tag}`],
    );
  const first = await measure(create('first'));
  await run(['ostree', `--repo=${repo}`, 'refs', '--force', `--create=${UPDATES_REF}`, NEXT_REF]);
  const next = await measure(create('next', '--previous', `oci:${layout}:first`));
  const { layers } = JSON.parse(
    await output(treeport('snapshot', 'info', '--json', `oci:${layout}:first`)),
  ) as { readonly layers: readonly { readonly size: number }[] };
  const carried = layers.reduce((sum, { size }) => sum + size, 0);
  const exported = join(scratch, 'exported');
  await run(treeport('snapshot', 'export', '--quiet', `oci:${layout}:first`, exported));
  const union = Number(
    (await output(['du', '--apparent-size', '-sb', join(exported, 'objects')])).split('\t')[0],
  );
  const row = (what: string, values: readonly number[], unit: Row['unit'], atMost?: number): Row => ({
    what,
    unit,
    values,
    setting: BY_DEFAULT,
    ...(atMost === undefined ? {} : { atMost }),
  });
  return [
    row(
      `snapshot create, ${HISTORY_COMMITS} commits of Debian, an update of a package each`,
      [first.seconds],
      'seconds',
    ),
    row('its layers of objects', [carried / 1e6], 'MB'),
    row('its layers of objects / the compressed objects', [carried / union], 'share', MOST_BYTES),
    row('snapshot create --previous, one update more', [next.seconds], 'seconds'),
    row('an increment / the first, processor time', [next.cpuSeconds / first.cpuSeconds], 'share', MOST_TIME),
  ];
}

async function memoryRows({ treeport }: Build, scratch: string): Promise<readonly Row[]> {
  const repo = await manyRefsRepo();
  const image = `oci:${join(scratch, 'many')}:first`;
  const create = (...words: readonly string[]) =>
    measure(treeport('snapshot', 'create', '--quiet', '--repo', repo, ...words));
  const first = await create(image);
  const next = await create('--previous', image, `oci:${join(scratch, 'many')}:next`);
  const info = await measure(treeport('snapshot', 'info', image));
  const exported = join(scratch, 'many-exported');
  await run(treeport('snapshot', 'export', '--quiet', image, exported));
  await mkdir(join(scratch, 'log'));
  const server = await startServer({
    command: (port) => treeport('serve', '--repo', exported, '--listen', `127.0.0.1:${port}`),
    readyPath: '/repo/summary',
    log: join(scratch, 'log/serve'),
  });
  await pullRefs(join(scratch, 'client'), server.origin);
  const { peakMB } = processUsage(server.pid);
  await server.stop();
  const row = (what: string, unit: Row['unit'], value: number, atMost?: number): Row => ({
    what: `${what}, 1,000 refs and 100,000 objects`,
    unit,
    values: [value],
    setting: BY_DEFAULT,
    ...(atMost === undefined ? {} : { atMost }),
  });
  return [
    row('treeport snapshot create', 'seconds', first.seconds),
    row('treeport snapshot create: processor time', 'seconds', first.cpuSeconds),
    row('treeport snapshot create: peak memory', 'MB', first.peakMB, MEGABYTES),
    row('snapshot create --previous, nothing new', 'seconds', next.seconds),
    row('snapshot create --previous: peak memory', 'MB', next.peakMB, MEGABYTES),
    row('an increment / the first, processor time', 'share', next.cpuSeconds / first.cpuSeconds, MOST_TIME),
    row('treeport snapshot info: peak memory', 'MB', info.peakMB, MEGABYTES),
    row('serve of its files, a tenth of them pulled: memory', 'MB', peakMB, MEGABYTES),
  ];
}

/** Pulls every tenth ref. */
async function pullRefs(client: string, origin: string): Promise<void> {
  const ostree = (...words: readonly string[]) => run(['ostree', `--repo=${client}`, ...words]);
  await ostree('init', '--mode=archive');
  await ostree('remote', 'add', '--no-gpg-verify', 'bench', `${origin}/repo`);
  await ostree('pull', 'bench', ...manyRefs().filter((_, index) => index % 10 === 0));
}
