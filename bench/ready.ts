/** From the start of the process to the first 200 of /readyz, for repositories of very different sizes. */
import { treeport } from './command.ts';
import { debianRepos } from './debian-tree.ts';
import { manyObjectsRepo, OBJECT_COUNT } from './many-objects.ts';
import type { Row, Section } from './result.ts';
import { alternate } from './rounds.ts';
import { startServer } from './server.ts';

const GOAL_SECONDS = 0.3;
/** One turn takes a fraction of a second. */
const TURNS_PER_ROUND = 3;

export async function benchReady(rounds: number): Promise<Section> {
  const { archive, bare } = await debianRepos();
  const repos: Readonly<Record<string, string>> = {
    'archive repo of the Debian tree': archive,
    'bare repo of the Debian tree': bare,
    [`archive repo with ${OBJECT_COUNT} objects`]: await manyObjectsRepo(),
  };
  const contenders = Object.entries(repos).map(([name, repo]) => ({ name, turn: () => timeToReady(repo) }));
  const results = await alternate(contenders, rounds * TURNS_PER_ROUND);
  const rows = [...results].map(
    ([what, values]): Row => ({ what, unit: 'seconds', values, atMost: GOAL_SECONDS }),
  );
  return { title: 'treeport serve, from start to ready', rows };
}

async function timeToReady(repo: string): Promise<number> {
  const server = await startServer({
    readyPath: '/readyz',
    command: (port) => treeport('serve', '--repo', repo, '--listen', `127.0.0.1:${port}`),
  });
  await server.stop();
  return server.secondsToReady;
}
