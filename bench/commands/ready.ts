/** Time from process start to the first 200 of /readyz, for repositories of very different sizes. */
import { join } from 'node:path';
import { type Build, OTHER_SUFFIX } from '../builds.ts';
import { type Command, measure } from '../command.ts';
import { debianRepos } from '../debian-tree.ts';
import { unpackMirror } from '../mirror.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import { alternate, type Contender } from '../rounds.ts';
import { startServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { manyObjectsRepo, OBJECT_COUNT } from './many-objects.ts';

const GOAL_SECONDS = 0.15;
/** Several, because one turn takes a fraction of a second. */
const TURNS_PER_ROUND = 3;

const FLOOR = 'Node alone, ending at once';

export function benchReady({ rounds, builds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const contenders: Contender<number>[] = [
      { name: FLOOR, turn: async () => (await measure([process.execPath, '--eval', ''])).seconds },
    ];
    for (const build of builds) {
      const servers = await serversOf(build, join(scratch, `mirror${builds.indexOf(build)}`));
      for (const [name, command] of Object.entries(servers)) {
        contenders.push({
          name: name + build.suffix,
          turn: () => timeToReady(command, join(scratch, 'log')),
        });
      }
    }
    const results = await alternate(contenders, rounds * TURNS_PER_ROUND);
    return { title: 'from start to ready', rows: [...results].map(([name, values]) => rowOf(name, values)) };
  });
}

type Servers = Readonly<Record<string, (listen: string) => Command>>;

async function serversOf(build: Build, scratch: string): Promise<Servers> {
  const { archive, bare } = await debianRepos();
  const many = await manyObjectsRepo();
  const mirror = await unpackMirror(scratch, build);
  const serve = (repo: string) => (listen: string) =>
    build.treeport('serve', '--repo', repo, '--listen', listen);
  return {
    'mirror image of the Debian tree': (listen) => mirror.command('--listen', listen),
    'treeport serve, its archive repo': serve(archive),
    'treeport serve, its bare repo': serve(bare),
    [`treeport serve, ${OBJECT_COUNT} objects`]: serve(many),
  };
}

function rowOf(what: string, values: readonly number[]): Row {
  const isOurs = what !== FLOOR && !what.includes(OTHER_SUFFIX);
  const goal = isOurs ? { setting: BY_DEFAULT, atMost: GOAL_SECONDS } : {};
  return { what, unit: 'seconds', values, ...goal };
}

async function timeToReady(command: (listen: string) => Command, log: string): Promise<number> {
  const server = await startServer({
    readyPath: '/readyz',
    log,
    command: (port) => command(`127.0.0.1:${port}`),
  });
  await server.stop();
  return server.secondsToReady;
}
