/** The rows of pulls over a link: time, ratio to nginx, processor time and memory of each server. */
import { pairRatios, type Row } from '../result.ts';
import type { Rounds } from '../rounds.ts';
import type { Pull, Pulls } from './over-link.ts';
import { IMAGE, LAN, NEWER_NGINX, NGINX, type PullServer, WAN, WARM } from './servers.ts';

/** Largest ratios to nginx, for the first pull and for later ones. */
export type PullGoals = {
  readonly image?: number;
  readonly warm?: number;
  /** For pulls of parts that are made already. */
  readonly wan?: number;
  readonly lan?: number;
};

const MEGABYTES = 150;
/** With threads that make parts. */
const VIRTUAL_MEGABYTES = 200;
/** The first pull waits for parts to be made. */
const MAKING = 1.2;
const ORDINALS = ['', ', second pull'];

export function pullRows(servers: readonly PullServer[], results: Rounds<Pulls>, goals: PullGoals): Row[] {
  const count = Math.max(...[...results.values()].map(([pulls]) => pulls?.length ?? 0));
  return Array.from({ length: count }).flatMap((_, nth) => rowsOfPull(servers, results, nth, goals));
}

function rowsOfPull(
  servers: readonly PullServer[],
  results: Rounds<Pulls>,
  nth: number,
  goals: PullGoals,
): Row[] {
  const pullsOf = (name: string) => results.get(name) ?? [];
  const values = (name: string, figure: (pull: Pull) => number): number[] =>
    pullsOf(name).flatMap((pulls) => pulls.slice(nth, nth + 1).map(figure));
  const seconds = (name: string) => values(name, (pull) => pull.seconds);
  const when = ORDINALS[nth] ?? '';
  return servers.flatMap(({ name, setting, clients }): Row[] => {
    if (values(name, () => 0).length === 0) return [];
    // The first of nginx where there is no other: it serves all alike.
    const nginx = pullsOf(clients === undefined ? NGINX : NEWER_NGINX).map(
      (pulls) => (pulls[nth] ?? (pulls[0] as Pull)).seconds,
    );
    const common = setting === undefined ? {} : { setting };
    const cpu = values(name, ({ serverCpu }) => serverCpu);
    const rows: Row[] = [
      { ...common, what: `${name}${when}`, unit: 'seconds', values: seconds(name) },
      { ...common, what: `${name}${when}: processor time of the server`, unit: 'seconds', values: cpu },
    ];
    const link = values(name, (pull) => pull.link?.downMB ?? 0);
    if (link.some((megabytes) => megabytes > 0)) {
      const linkCpu = values(name, (pull) => pull.link?.cpuSeconds ?? 0);
      rows.push({ ...common, what: `${name}${when}: received by the client`, unit: 'MB', values: link });
      rows.push({ what: `${name}${when}: processor time of the link`, unit: 'seconds', values: linkCpu });
    }
    if (setting === undefined) return rows;
    const goal = goalOf(name, goals, nth);
    rows.push(
      {
        ...common,
        what: `${name}${when} / nginx`,
        unit: 'ratio',
        values: pairRatios(seconds(name), nginx),
        ...(goal === undefined ? {} : { atMost: goal }),
      },
      {
        ...common,
        what: `${name}${when}: memory of the server`,
        unit: 'MB',
        values: values(name, ({ serverMB }) => serverMB),
        atMost: clients === undefined ? MEGABYTES : VIRTUAL_MEGABYTES,
      },
    );
    return rows;
  });
}

function goalOf(name: string, { image, warm, wan, lan }: PullGoals, nth: number): number | undefined {
  const virtual = name === WAN ? wan : name === LAN ? lan : undefined;
  if (virtual !== undefined) return nth === 0 ? virtual * MAKING : virtual;
  if (name === IMAGE) return image;
  return name === WARM ? warm : undefined;
}
