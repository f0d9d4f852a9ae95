/** Peak memory of a server with 1,000 busy connections: small objects and large ones. */
import { debianRepos } from '../debian-tree.ts';
import { processUsage } from '../process-usage.ts';
import { image, type PullServer, serveArchive, setStage } from '../pull/servers.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import { withServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { LARGE, objectPaths, SMALL } from './objects.ts';
import { load } from './wrk.ts';

const CONNECTIONS = 1000;
const SECONDS = 8;
const GOAL_MB = 200;

export function benchConnections({ builds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const repos = await debianRepos();
    const rows: Row[] = [];
    for (const build of builds) {
      const stage = await setStage(scratch, build);
      for (const server of [image(stage), serveArchive(stage)]) {
        for (const [size, sizes] of Object.entries({ small: SMALL, large: LARGE })) {
          const values = [await peakOf(server, await objectPaths(repos, sizes))];
          const what = `${server.name}, ${size} objects`;
          const goal = build.suffix === '' ? { setting: BY_DEFAULT, atMost: GOAL_MB } : {};
          rows.push({ what, unit: 'MB', values, ...goal });
        }
      }
    }
    return { title: `memory of the server with ${CONNECTIONS} connections`, rows };
  });
}

function peakOf({ start }: PullServer, paths: readonly string[]): Promise<number> {
  return withServer(start(), async ({ pid, origin }) => {
    await load({ origin, paths, connections: CONNECTIONS, seconds: SECONDS });
    return processUsage(pid).peakMB;
  });
}
