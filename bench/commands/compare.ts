/** Commands that do the same work, side by side: treeport's, and the one that it replaces. */
import type { Build } from '../builds.ts';
import { type Command, type Measured, measure } from '../command.ts';
import { BY_DEFAULT, pairRatios, type Row } from '../result.ts';
import { alternate } from '../rounds.ts';
import type { Setting } from '../setting.ts';

export type Ours = {
  readonly name: string;
  readonly command: (build: Build) => Command | Promise<Command>;
  /** Options that a user has to know of; absent if the command has none. */
  readonly options?: string;
  readonly goals?: Goals;
};

export type Goals = {
  /** Largest ratio to the other command. */
  readonly ratio?: number;
  readonly seconds?: number;
  /** Peak memory. */
  readonly megabytes?: number;
};

export type Comparison = {
  readonly theirs: { readonly name: string; readonly command: () => Command | Promise<Command> };
  readonly ours: readonly Ours[];
  readonly setting: Setting;
  /** Runs of a command in one turn, for commands of a fraction of a second; 1 without. */
  readonly runs?: number;
  /** Undoes the last run, unmeasured. */
  readonly before?: () => Promise<void>;
};

/** Measures them, and returns a row for each figure and goal. */
export async function compare({ theirs, ours, setting, runs = 1, before }: Comparison): Promise<Row[]> {
  const contenders = [
    { name: theirs.name, command: theirs.command },
    ...setting.builds.flatMap((build) =>
      ours.map(({ name, command }) => ({ name: name + build.suffix, command: () => command(build) })),
    ),
  ];
  const results = await alternate(
    contenders.map(({ name, command }) => ({
      name,
      async turn() {
        const times: Measured[] = [];
        while (times.length < runs) {
          await before?.();
          times.push(await measure(await command()));
        }
        return mean(times);
      },
    })),
    setting.rounds,
    setting.quick ? 'none' : 'all',
  );
  const of = (name: string, figure: keyof Measured) => (results.get(name) ?? []).map((one) => one[figure]);
  const native: Row = { what: theirs.name, unit: 'seconds', values: of(theirs.name, 'seconds') };
  const rows = setting.builds.flatMap((build) => ours.map((one) => rowsOf(one, build, theirs.name, of)));
  return [native, ...rows.flat()];
}

/** The other build has no goals. */
function rowsOf(
  { name, options, goals = {} }: Ours,
  { suffix }: Build,
  theirs: string,
  of: (name: string, figure: keyof Measured) => number[],
): Row[] {
  const full = name + suffix;
  const row = (what: string, unit: Row['unit'], values: readonly number[], atMost?: number): Row => ({
    what: `${full}${what}`,
    unit,
    values,
    ...(suffix === '' ? { setting: options ?? BY_DEFAULT } : {}),
    ...(suffix === '' && atMost !== undefined ? { atMost } : {}),
  });
  const ratio = (figure: keyof Measured) => pairRatios(of(full, figure), of(theirs, figure));
  const figures = [
    row('', 'seconds', of(full, 'seconds'), goals.seconds),
    row(': processor time', 'seconds', of(full, 'cpuSeconds')),
    row(': peak memory', 'MB', of(full, 'peakMB'), goals.megabytes),
  ];
  if (suffix !== '') return figures;
  return [
    ...figures,
    row(` / ${theirs}`, 'ratio', ratio('seconds'), goals.ratio),
    row(` / ${theirs}, processor time`, 'ratio', ratio('cpuSeconds')),
  ];
}

function mean(runs: readonly Measured[]): Measured {
  const average = (figure: keyof Measured) => runs.reduce((sum, one) => sum + one[figure], 0) / runs.length;
  return { seconds: average('seconds'), cpuSeconds: average('cpuSeconds'), peakMB: average('peakMB') };
}
