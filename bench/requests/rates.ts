/**
 * Requests per second over the real objects of the Debian tree on the loopback: small ones by 8 and by 256
 * connections, large ones by 8. Every turn is a new server process, warmed up for two seconds. Client and
 * server share the cores.
 */
import { join } from 'node:path';
import { debianRepos } from '../debian-tree.ts';
import { processUsage } from '../process-usage.ts';
import {
  image,
  nginx,
  type PullServer,
  type Stage,
  serveArchive,
  setStage,
  warmImage,
} from '../pull/servers.ts';
import { pairRatios, type Row, type Section } from '../result.ts';
import { alternate, type Rounds } from '../rounds.ts';
import { startServer, withServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { hasWorkers } from './has-workers.ts';
import { LARGE, objectPaths, SMALL } from './objects.ts';
import { type Answered, load } from './wrk.ts';

/** Least ratios to nginx with as many processes. */
const GOALS = { small: { one: 0.6, auto: 0.8 }, large: { one: 0.9, auto: 0.9 } };
const WARM_UP_SECONDS = 2;
const WORKERS_AUTO = ['--workers', 'auto'];

type Size = keyof typeof GOALS;
type Contender = PullServer & {
  readonly workers: 'one' | 'auto';
  /** The others with as many workers are compared with it. */
  readonly base?: true;
};
type Measured = Answered & { readonly microsecondsOfServer: number };

export function benchSmall8(setting: Setting): Promise<Section> {
  return bench('small', 8, setting);
}

export function benchSmall256(setting: Setting): Promise<Section> {
  return bench('small', 256, setting);
}

export function benchLarge(setting: Setting): Promise<Section> {
  return bench('large', 8, setting);
}

function bench(size: Size, connections: number, setting: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const stages = await Promise.all(setting.builds.map((build) => setStage(scratch, build)));
    const paths = await objectPaths(await debianRepos(), size === 'small' ? SMALL : LARGE);
    const seconds = setting.quick ? 3 : 6;
    const contenders = await contendersOf(stages);
    const results = await alternate(
      contenders.map((contender) => ({
        name: contender.name,
        turn: () =>
          withServer(contender.start(), async ({ pid, origin }) => {
            await load({ origin, paths, connections, seconds: WARM_UP_SECONDS });
            const before = processUsage(pid).cpuSeconds;
            const answered = await load({ origin, paths, connections, seconds });
            const used = processUsage(pid).cpuSeconds - before;
            return { ...answered, microsecondsOfServer: (used / answered.requests) * 1e6 };
          }),
      })),
      setting.rounds,
      'none',
    );
    return {
      title: `requests for ${paths.length} ${size} objects, ${connections} connections`,
      rows: contenders.flatMap((contender) => rowsOf(contender, size, contenders, results)),
    };
  });
}

/** What Node's HTTP parser allows at best. */
function bareNode({ repos, fresh }: Stage): PullServer {
  const script = join(import.meta.dirname, 'bare-node.ts');
  return {
    name: 'node:http alone, from memory, without a log',
    start: () =>
      startServer({
        readyPath: '/repo/config',
        log: fresh('log'),
        command: (port) => [process.execPath, script, repos.archive, `${port}`],
      }),
  };
}

async function contendersOf(stages: readonly Stage[]): Promise<Contender[]> {
  const [first] = stages as [Stage];
  const contenders: Contender[] = [
    { ...nginx(first, 1), workers: 'one', base: true },
    { ...nginx(first, 'auto'), workers: 'auto', base: true },
    { ...bareNode(first), workers: 'one' },
  ];
  for (const stage of stages) {
    const one = [image(stage), await warmImage(stage), serveArchive(stage)];
    contenders.push(...one.map((server) => ({ ...server, workers: 'one' as const })));
    if (!(await hasWorkers(stage.build))) continue;
    const auto = [image(stage, ...WORKERS_AUTO), serveArchive(stage, ...WORKERS_AUTO)];
    contenders.push(...auto.map((server) => ({ ...server, workers: 'auto' as const })));
  }
  return contenders;
}

function rowsOf(
  { name, setting, workers }: Contender,
  size: Size,
  contenders: readonly Contender[],
  results: Rounds<Measured>,
): Row[] {
  const of = (server: string, figure: keyof Measured) =>
    (results.get(server) ?? []).map((one) => one[figure]);
  const common = setting === undefined ? {} : { setting };
  const rows: Row[] = [
    { ...common, what: name, unit: 'per second', values: of(name, 'perSecond') },
    { ...common, what: `${name}: 99 of 100 within`, unit: 'seconds', values: of(name, 'p99') },
    {
      ...common,
      what: `${name}: processor time of the server for a request`,
      unit: 'µs',
      values: of(name, 'microsecondsOfServer'),
    },
  ];
  const base = contenders.find((one) => one.base && one.workers === workers);
  if (base === undefined || base.name === name) return rows;
  return [
    ...rows,
    {
      ...common,
      what: `${name} / ${base.name}`,
      unit: 'ratio',
      values: pairRatios(of(name, 'perSecond'), of(base.name, 'perSecond')),
      ...(setting === undefined ? {} : { atLeast: GOALS[size][workers] }),
    },
  ];
}
