/**
 * Sixteen clients that pull the Debian tree at the same time from one server, on the loopback. The clients
 * are mirrors: archive repositories, which store objects as they arrive, so that the server's work counts and
 * sixteen unpacked systems need no room on disk.
 */
import { rm } from 'node:fs/promises';
import { processUsage } from '../process-usage.ts';
import { pairRatios, type Row, type Section } from '../result.ts';
import { alternate, type Rounds } from '../rounds.ts';
import { withServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { newClient, pull } from './client.ts';
import { image, NGINX, nginx, type PullServer, type Stage, setStage, warmImage } from './servers.ts';

const CLIENTS = 16;
const GOAL = 1.1;
const MEGABYTES = 150;

type Measured = { readonly seconds: number; readonly serverCpu: number; readonly serverMB: number };

export function benchConcurrent({ builds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const stages = await Promise.all(builds.map((build) => setStage(scratch, build)));
    const [first] = stages as [Stage];
    const servers = [nginx(first)];
    for (const stage of stages) servers.push(image(stage), await warmImage(stage));
    const contenders = servers.map((server) => ({
      name: server.name,
      turn: () => turn(server, first.fresh),
    }));
    const results = await alternate(contenders, 1, 'none');
    return { title: `${CLIENTS} pulls at once`, rows: servers.flatMap((server) => rowsOf(server, results)) };
  });
}

function turn({ start }: PullServer, fresh: Stage['fresh']): Promise<Measured> {
  return withServer(start(), async ({ pid, origin }) => {
    const paths = Array.from({ length: CLIENTS }, () => fresh('client'));
    const clients = await Promise.all(paths.map((path) => newClient(path, origin, { mode: 'archive' })));
    const times = await Promise.all(clients.map((client) => pull(client, '--mirror', '--disable-fsync')));
    const { cpuSeconds, peakMB } = processUsage(pid);
    await Promise.all(paths.map((path) => rm(path, { recursive: true })));
    return { seconds: Math.max(...times), serverCpu: cpuSeconds, serverMB: peakMB };
  });
}

function rowsOf({ name, setting }: PullServer, results: Rounds<Measured>): Row[] {
  const of = (server: string, figure: keyof Measured) =>
    (results.get(server) ?? []).map((one) => one[figure]);
  const common = setting === undefined ? {} : { setting };
  const rows: Row[] = [
    { ...common, what: `${name}, the last client`, unit: 'seconds', values: of(name, 'seconds') },
    {
      ...common,
      what: `${name}: processor time of the server`,
      unit: 'seconds',
      values: of(name, 'serverCpu'),
    },
  ];
  if (setting === undefined) return rows;
  return [
    ...rows,
    {
      ...common,
      what: `${name} / nginx`,
      unit: 'ratio',
      values: pairRatios(of(name, 'seconds'), of(NGINX, 'seconds')),
      atMost: GOAL,
    },
    {
      ...common,
      what: `${name}: memory of the server`,
      unit: 'MB',
      values: of(name, 'serverMB'),
      atMost: MEGABYTES,
    },
  ];
}
