/**
 * `treeport delta generate` and `ostree static-delta generate`: the Debian tree from scratch, and from the
 * tree without updates. Time, processor time, memory, and the size of the delta.
 *
 * libostree takes minutes and always the same path, so it is measured once for a pair of commits and its
 * figures are kept beside the repository; they are of another time than ours.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../builds.ts';
import { type Command, type Measured, measure, output } from '../command.ts';
import { debianUpdate, REF, RELEASED_REF } from '../debian-tree.ts';
import { warmPageCache } from '../page-cache.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { STORAGE, withScratch } from '../storage.ts';

type Figures = Measured & { readonly sizeMB: number };

type Goals = { readonly [Figure in keyof Figures]?: number };

type Ours = { readonly profile: string; readonly goals: Goals };

type Case = {
  readonly name: string;
  readonly from: string | undefined;
  /** Of both programs. */
  readonly options: readonly string[];
  readonly ours: readonly Ours[];
};

/** Ratios to libostree. */
const CASES: readonly Case[] = [
  {
    name: 'from scratch',
    from: undefined,
    options: [],
    ours: [
      { profile: 'fast', goals: { seconds: 0.09, sizeMB: 1 } },
      { profile: 'balanced', goals: { cpuSeconds: 0.33, sizeMB: 0.94 } },
    ],
  },
  {
    name: 'of an update',
    from: RELEASED_REF,
    options: ['--min-fallback-size=0'],
    ours: [
      { profile: 'fast', goals: { seconds: 0.08, cpuSeconds: 0.14, sizeMB: 1.02 } },
      { profile: 'small', goals: { cpuSeconds: 0.35, sizeMB: 0.96 } },
    ],
  },
];
const PEAK_MEGABYTES = 600;
const DEFAULT_PROFILE = 'fast';

export async function benchDeltaGenerate(setting: Setting): Promise<Section> {
  const repo = await debianUpdate();
  await warmPageCache(repo);
  const rows: Row[] = [];
  for (const one of CASES) {
    const theirs = await libostreeFigures(repo, one);
    const name = `ostree static-delta generate, ${one.name}`;
    rows.push({ what: `${name} (measured once)`, unit: 'seconds', values: [theirs.seconds] });
    const ours = setting.quick ? one.ours.slice(0, 1) : one.ours;
    for (const each of ours)
      for (const build of setting.builds)
        rows.push(...(await oursRows(repo, one, each, theirs, build, setting)));
  }
  return { title: 'static deltas of the Debian tree', rows };
}

async function oursRows(
  repo: string,
  { name, from, options }: Case,
  { profile, goals }: Ours,
  theirs: Figures,
  build: Build,
  { rounds, builds }: Setting,
): Promise<readonly Row[]> {
  const base = from === undefined ? ['--empty'] : ['--from', from];
  const figures: Figures[] = [];
  while (figures.length < rounds) {
    figures.push(
      await measured((superblock) =>
        build.treeport(
          ...['delta', 'generate', '--quiet', '--repo', repo, ...base, ...options],
          ...['--profile', profile, '--filename', superblock, REF],
        ),
      ),
    );
  }
  const what = `treeport delta generate --profile ${profile}, ${name}${build.suffix}`;
  const isGoal = build === builds[0];
  const setting = profile === DEFAULT_PROFILE ? BY_DEFAULT : `--profile ${profile}`;
  const row = (suffix: string, unit: Row['unit'], values: readonly number[], atMost?: number): Row => ({
    what: `${what}${suffix}`,
    unit,
    values,
    ...(isGoal ? { setting } : {}),
    ...(isGoal && atMost !== undefined ? { atMost } : {}),
  });
  const of = (figure: keyof Figures) => figures.map((one) => one[figure]);
  const ratio = (figure: keyof Figures) => of(figure).map((value) => value / theirs[figure]);
  return [
    row('', 'seconds', of('seconds')),
    row(': processor time', 'seconds', of('cpuSeconds')),
    row(': peak memory', 'MB', of('peakMB'), PEAK_MEGABYTES),
    row(': size', 'MB', of('sizeMB')),
    row(' / ostree', 'share', ratio('seconds'), goals.seconds),
    row(' / ostree, processor time', 'share', ratio('cpuSeconds'), goals.cpuSeconds),
    row(' / ostree, size', 'share', ratio('sizeMB'), goals.sizeMB),
  ];
}

/** From the file of an earlier run with the same commits and options, if there is one. */
async function libostreeFigures(repo: string, { from, options }: Case): Promise<Figures> {
  const commits = await Promise.all(
    [...(from === undefined ? [] : [from]), REF].map((ref) => commitOf(repo, ref)),
  );
  const path = join(
    STORAGE,
    'figures',
    `${['ostree-delta', ...commits.map(short), ...options].join('-')}.json`,
  );
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8')) as Figures;
  const base = from === undefined ? ['--empty'] : [`--from=${from}`];
  const figures = await measured((superblock) => [
    ...(['ostree', `--repo=${repo}`, 'static-delta', 'generate'] as const),
    ...[...base, ...options, `--to=${REF}`, `--filename=${superblock}`],
  ]);
  await mkdir(join(STORAGE, 'figures'), { recursive: true });
  await writeFile(path, JSON.stringify(figures));
  return figures;
}

function short(commit: string): string {
  return commit.slice(0, 16);
}

async function commitOf(repo: string, ref: string): Promise<string> {
  return (await output(['ostree', `--repo=${repo}`, 'rev-parse', ref])).trim();
}

/** `command` writes a delta with this superblock. */
function measured(command: (superblock: string) => Command): Promise<Figures> {
  return withScratch(async (folder) => {
    const figures = await measure(command(join(folder, 'superblock')));
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    return { ...figures, sizeMB: sizes.reduce((sum, size) => sum + size, 0) / 1e6 };
  });
}
