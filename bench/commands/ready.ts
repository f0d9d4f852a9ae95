/** Time from process start to the first 200 of /readyz, for repositories of very different sizes. */
import { join } from 'node:path';
import { THIS_BUILD } from '../builds.ts';
import { type Command, measure } from '../command.ts';
import { debianRepos } from '../debian-tree.ts';
import { unpackMirror } from '../mirror.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import { alternate } from '../rounds.ts';
import { startServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { manyObjectsRepo, OBJECT_COUNT } from './many-objects.ts';

const GOAL_SECONDS = 0.15;
/** Several, because one turn takes a fraction of a second. */
const TURNS_PER_ROUND = 3;

const FLOOR = 'Node alone, ending at once';

export function benchReady({ rounds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const { archive, bare } = await debianRepos();
    const mirror = await unpackMirror(join(scratch, 'mirror'), THIS_BUILD);
    const serve = (repo: string) => (listen: string) =>
      THIS_BUILD.treeport('serve', '--repo', repo, '--listen', listen);
    const servers: Readonly<Record<string, (listen: string) => Command>> = {
      'mirror image of the Debian tree': (listen) => mirror.command('--listen', listen),
      'treeport serve, its archive repo': serve(archive),
      'treeport serve, its bare repo': serve(bare),
      [`treeport serve, ${OBJECT_COUNT} objects`]: serve(await manyObjectsRepo()),
    };
    const log = join(scratch, 'log');
    const contenders = Object.entries(servers).map(([name, command]) => ({
      name,
      turn: () => timeToReady(command, log),
    }));
    const floor = {
      name: FLOOR,
      turn: async () => (await measure([process.execPath, '--eval', ''])).seconds,
    };
    const results = await alternate([floor, ...contenders], rounds * TURNS_PER_ROUND);
    return { title: 'from start to ready', rows: [...results].map(([name, values]) => rowOf(name, values)) };
  });
}

function rowOf(what: string, values: readonly number[]): Row {
  const ours = { setting: BY_DEFAULT, atMost: GOAL_SECONDS };
  return { what, unit: 'seconds', values, ...(what === FLOOR ? {} : ours) };
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
