/**
 * An image of 64 component layers, as a commit with packages gets it by default: beside `ostree export | gzip
 * -6`, on one processor, and again with a layer cache, unchanged and after an update of three packages.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../builds.ts';
import { type Command, type Measured, measure, run, shell } from '../command.ts';
import { debianHistory } from '../debian-history.ts';
import { packageUpdate } from '../package-update.ts';
import { warmPageCache } from '../page-cache.ts';
import { BY_DEFAULT, pairRatios, type Row, type Section } from '../result.ts';
import { alternate } from '../rounds.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';

const REF = 'history/2-updates';
const EXPORT = 'ostree export | gzip -6';
const [BUILD, ALONE] = ['encapsulate, 64 layers', 'the same on one processor'];
const [UNCHANGED, UPDATE, PLANNING] = ['unchanged rebuild', 'update of 3 packages', 'planning'];
const CACHED = '--layer-cache';
const GOALS = { export: 0.4, twoProcessors: 1.8, unchanged: 0.1, update: 0.2, seconds: 1.5, megabytes: 160 };

type Turn = { readonly name: string; readonly before: () => Promise<void>; readonly command: Command };

export function benchEncapsulateLayers({ builds: [build], rounds, quick }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const turns = await turnsOf(build, scratch);
    const contenders = turns.map(({ name, before, command }) => ({
      name,
      async turn() {
        await before();
        return measure(command);
      },
    }));
    const results = await alternate(contenders, rounds, quick ? 'none' : 'all');
    return { title: 'encapsulate the Debian tree in 64 layers', rows: rowsOf(results) };
  });
}

/** All of them read the repository of the update, so that ratios are of equal paths. */
async function turnsOf({ treeport }: Build, scratch: string): Promise<readonly Turn[]> {
  const history = await debianHistory();
  const { repo, before, after } = await packageUpdate(scratch, history, REF);
  await warmPageCache(history, repo);
  const [out, first] = [join(scratch, 'out'), join(scratch, 'first')];
  const [kept, cache] = [join(scratch, 'kept'), join(scratch, 'cache')];
  const encapsulate = (commit: string, target: string, ...options: readonly string[]) =>
    treeport('container', 'encapsulate', '--quiet', '--repo', repo, ...options, commit, `oci:${target}`);
  await run(encapsulate(before, first, CACHED, kept));
  const removeOut = () => rm(out, { recursive: true, force: true });
  // Hard links: entries of the cache are never rewritten.
  const copyCache = async () => {
    await removeOut();
    await run(shell('rm -rf "$2" && cp --archive --link "$1" "$2"', kept, cache));
  };
  const onOne = (...words: Command): Command => ['taskset', '--cpu-list', '0', ...words];
  const previous = ['--previous-build', `oci:${first}`];
  const pipe = 'ostree export --repo="$1" "$2" | gzip -6 > "$3"';
  return [
    { name: EXPORT, before: removeOut, command: shell(pipe, repo, before, out) },
    { name: BUILD, before: removeOut, command: encapsulate(before, out) },
    { name: ALONE, before: removeOut, command: onOne(...encapsulate(before, out)) },
    { name: UNCHANGED, before: copyCache, command: encapsulate(before, out, CACHED, cache) },
    { name: UPDATE, before: copyCache, command: encapsulate(after, out, CACHED, cache, ...previous) },
    { name: PLANNING, before: removeOut, command: encapsulate(before, out, '--dry-run') },
  ];
}

function rowsOf(results: ReadonlyMap<string, readonly Measured[]>): readonly Row[] {
  const of = (name: string, figure: keyof Measured) => (results.get(name) ?? []).map((one) => one[figure]);
  const seconds = (what: string, setting?: string): Row => ({
    what,
    unit: 'seconds',
    values: of(what, 'seconds'),
    ...(setting && { setting }),
  });
  const ratio = (name: string, to: string) => pairRatios(of(name, 'seconds'), of(to, 'seconds'));
  const cpu = (what: string): Row => ({
    what: `${what}: processor time`,
    unit: 'seconds',
    values: of(what, 'cpuSeconds'),
  });
  return [
    { what: EXPORT, unit: 'seconds', values: of(EXPORT, 'seconds') },
    seconds(BUILD, BY_DEFAULT),
    seconds(ALONE),
    seconds(UNCHANGED, CACHED),
    seconds(UPDATE, `${CACHED}, --previous-build`),
    { ...seconds(PLANNING, BY_DEFAULT), atMost: GOALS.seconds },
    ...[EXPORT, BUILD, ALONE, UNCHANGED, UPDATE, PLANNING].map(cpu),
    share(`${BUILD} / ${EXPORT}`, ratio(BUILD, EXPORT), GOALS.export),
    { ...share(`${ALONE} / on two`, ratio(ALONE, BUILD)), atLeast: GOALS.twoProcessors },
    share(`${UNCHANGED} / the first`, ratio(UNCHANGED, BUILD), GOALS.unchanged, CACHED),
    share(`${UPDATE} / the first`, ratio(UPDATE, BUILD), GOALS.update, `${CACHED}, --previous-build`),
    megabytes(`${BUILD}: peak memory`, of(BUILD, 'peakMB'), GOALS.megabytes),
    megabytes(`${PLANNING}: peak memory`, of(PLANNING, 'peakMB')),
  ];
}

function share(what: string, values: readonly number[], atMost?: number, setting: string = BY_DEFAULT): Row {
  return { what, unit: 'share', values, setting, ...(atMost !== undefined && { atMost }) };
}

function megabytes(what: string, values: readonly number[], atMost?: number): Row {
  return { what, unit: 'MB', values, setting: BY_DEFAULT, ...(atMost !== undefined && { atMost }) };
}
