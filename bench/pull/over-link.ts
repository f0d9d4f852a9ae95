/**
 * A full `ostree pull` of the Debian tree into a new bare-user repository, over one of the links, from nginx
 * over an archive repository and from the mirror image: as it starts by default, and with a cache, cold and
 * warm; the first and the second pull of each server process. The page cache is warm for every server. Every
 * pull writes to a new repository on the same disk. All of them are removed at the end, because ext4 is
 * several times slower to create files for some seconds after many were removed.
 */
import { LINKS, type Link } from '../link/links.ts';
import { type LinkUsage, overLink } from '../link/start-link.ts';
import { processUsage } from '../process-usage.ts';
import type { Section } from '../result.ts';
import { alternate, type Contender } from '../rounds.ts';
import { withServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { newClient, pull } from './client.ts';
import { type PullGoals, pullRows } from './rows.ts';
import {
  coldImage,
  image,
  NEWER_NGINX,
  newerPulls,
  nginx,
  type PullServer,
  type Stage,
  serveArchive,
  serveBare,
  setStage,
  warmImage,
} from './servers.ts';

export type Pull = {
  readonly seconds: number;
  readonly serverCpu: number;
  /** Of the server process, since it started. */
  readonly serverMB: number;
  readonly link?: LinkUsage;
};

/** The pulls of one server process, in order. */
export type Pulls = readonly Pull[];

const WARM_GOAL = 1.05;
/** A part of the tree for quick runs over the link on which the whole tree takes minutes. */
const PART = '--subpath=/usr/share/perl';

export function benchLoopback(setting: Setting): Promise<Section> {
  return bench(LINKS.loopback, setting, { image: 1.25, warm: WARM_GOAL, lan: 0.85 });
}

export function benchGigabit(setting: Setting): Promise<Section> {
  return bench(LINKS.gigabit, setting, { warm: WARM_GOAL, wan: 1.25 });
}

export function benchFast(setting: Setting): Promise<Section> {
  return bench(LINKS.fast, setting, { image: 1.1, warm: WARM_GOAL, wan: 0.87 });
}

export function benchFar(setting: Setting): Promise<Section> {
  return bench(LINKS.far, { ...setting, rounds: 1 }, { image: 1.1, warm: WARM_GOAL, wan: 0.18 });
}

/**
 * Virtual deltas alone, and nginx with loose objects: the first client of each server, whose parts are made
 * while it waits, and a later one. Where a pull from nginx takes minutes, there is one.
 */
export function benchVirtual(link: Link, setting: Setting, goals: PullGoals): Promise<Section> {
  return withScratch(async (scratch) => {
    const [build] = setting.builds;
    const stage = await setStage(scratch, build);
    const servers = newerPulls(stage);
    if (servers.length === 0) throw new Error('TREEPORT_TRIXIE_ROOT names no newer ostree');
    const contenders = servers.map((server): Contender<Pulls> => {
      const pulls = link === LINKS.far && server.name === NEWER_NGINX ? 1 : 2;
      return { name: server.name, turn: () => turn(server, link, pulls, () => stage.fresh('client'), []) };
    });
    const results = await alternate(contenders, setting.rounds, 'none');
    return { title: `virtual deltas over ${link.name}`, rows: pullRows(servers, results, goals) };
  });
}

function bench(link: Link, setting: Setting, goals: PullGoals): Promise<Section> {
  return withScratch(async (scratch) => {
    const stages = await Promise.all(setting.builds.map((build) => setStage(scratch, build)));
    const servers = await contendersOn(link, stages, setting);
    const isFar = link === LINKS.far;
    const options = isFar && setting.quick ? [PART] : [];
    // The first pull from a server makes the parts of its virtual deltas.
    const pulls = isFar || setting.quick ? 1 : 2;
    const [stage] = stages as [Stage];
    const contenders = servers.map(
      (server): Contender<Pulls> => ({
        name: server.name,
        turn: () => turn(server, link, pulls, () => stage.fresh('client'), options),
      }),
    );
    const results = await alternate(contenders, setting.rounds, 'none');
    const title = `ostree pull over ${link.name}${options.length > 0 ? `, ${options.join(' ')}` : ''}`;
    return { title, rows: pullRows(servers, results, goals) };
  });
}

/** A quick run has those with a goal. Commands serve the same way on every link, so only one has them. */
async function contendersOn(link: Link, stages: readonly Stage[], { quick }: Setting): Promise<PullServer[]> {
  const [first] = stages as [Stage];
  const servers = [nginx(first)];
  for (const stage of stages) {
    servers.push(image(stage), await warmImage(stage));
    if (!quick) servers.push(coldImage(stage));
    servers.push(...newerPulls(stage));
    if (!quick && link === LINKS.loopback) servers.push(serveArchive(stage), serveBare(stage));
  }
  return servers;
}

/** Several pulls from one server process, each by a new client. */
async function turn(
  { start, clients }: PullServer,
  link: Link,
  count: number,
  client: () => string,
  options: readonly string[],
): Promise<Pulls> {
  return withServer(start(), async ({ pid, origin }) => {
    const pulls: Pull[] = [];
    while (pulls.length < count) {
      const before = processUsage(pid).cpuSeconds;
      const { result, usage } = await overLink(link, origin, async (through) =>
        pull(await newClient(client(), through, clients), ...options),
      );
      const { cpuSeconds, peakMB } = processUsage(pid);
      pulls.push({
        seconds: result,
        serverCpu: cpuSeconds - before,
        serverMB: peakMB,
        ...(usage === undefined ? {} : { link: usage }),
      });
    }
    return pulls;
  });
}
