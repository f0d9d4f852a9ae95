/**
 * A full `ostree pull` of the Debian tree into a new bare-user repository on the same disk, from nginx over
 * an archive repository and from treeport: the mirror image with a warm and a cold cache, and `treeport
 * serve` over that archive repository and over a bare one. The page cache is warm for every server. Every
 * pull writes to new directories, which are removed at the end, because ext4 is several times slower to
 * create files for some seconds after many were removed.
 */
import { join } from 'node:path';
import { type Command, run, treeport } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';
import { mirrorCommand, unpackMirror } from './mirror.ts';
import { startNginx } from './nginx.ts';
import { warmPageCache } from './page-cache.ts';
import { pairRatios, type Row, type Section } from './result.ts';
import { alternate, type Contender, type Rounds } from './rounds.ts';
import { peakMemory, type Server, startServer, withServer } from './server.ts';
import { withScratch } from './storage.ts';

const GOALS = { warm: 1.1, cold: 1.5, megabytes: 150 };
const NGINX = 'nginx, ready archive repo';
const WARM = 'mirror image, warm cache';
const COLD = 'mirror image, cold cache';
const DEFLATED = 'mirror image, cold cache, --deflate-level 1';
const BARE = 'treeport serve, bare repo, no cache';
const ARCHIVE = 'treeport serve, ready archive repo';

type Pull = { readonly seconds: number; readonly serverMB: number };

/** With the client's default of fsyncing every object. */
export function benchPull(rounds: number): Promise<Section> {
  return bench('full ostree pull into bare-user', rounds, []);
}

/** Without fsync, which leaves the server a larger share of the time. */
export function benchPullWithoutFsync(rounds: number): Promise<Section> {
  return bench('full ostree pull into bare-user, --disable-fsync', rounds, ['--disable-fsync']);
}

function bench(title: string, rounds: number, pullWords: readonly string[]): Promise<Section> {
  return withScratch(async (scratch) => {
    const repos = await debianRepos();
    const mirror = await unpackMirror(scratch);
    await warmPageCache(repos.bare, repos.archive, mirror);
    const folder = (name: string) => join(scratch, name);
    const counter = { next: 0 };
    const fresh = (name: string) => folder(`${name}-${counter.next++}`);
    const pullFrom = (server: Server) => timedPull(server, fresh('client'), pullWords);
    const mirrorWith = (cache: string, ...words: string[]) =>
      serving((listen) =>
        mirrorCommand(mirror, ...listen, '--cache-dir', cache, '--cache-size', '4G', ...words),
      );
    const serve = (repo: string) => serving((listen) => treeport('serve', '--repo', repo, ...listen));
    // An explicit level makes the server cache objects as it sends them; this one is the cache's default.
    await withServer(mirrorWith(folder('warm-cache'), '--deflate-level', '6'), pullFrom);
    const contenders: Contender<Pull>[] = [
      { name: NGINX, turn: () => withServer(startNginx(repos.archive, folder('nginx')), pullFrom) },
      { name: WARM, turn: () => withServer(mirrorWith(folder('warm-cache')), pullFrom) },
      {
        name: COLD,
        turn: () => withServer(mirrorWith(fresh('cold-cache')), pullFrom),
      },
      {
        name: DEFLATED,
        turn: () => withServer(mirrorWith(fresh('cold-cache'), '--deflate-level', '1'), pullFrom),
      },
      { name: BARE, turn: () => withServer(serve(repos.bare), pullFrom) },
      { name: ARCHIVE, turn: () => withServer(serve(repos.archive), pullFrom) },
    ];
    return { title, rows: rowsOf(await alternate(contenders, rounds)) };
  });
}

function serving(command: (listen: readonly string[]) => Command): Promise<Server> {
  return startServer({
    readyPath: '/readyz',
    command: (port) => command(['--listen', `127.0.0.1:${port}`]),
  });
}

async function timedPull(server: Server, client: string, words: readonly string[]): Promise<Pull> {
  const ostree = (...rest: string[]) => run(['ostree', `--repo=${client}`, ...rest]);
  await run(['sync', '-f', join(client, '..')]);
  await ostree('init', '--mode=bare-user');
  await ostree('remote', 'add', '--no-gpg-verify', 'origin', `${server.origin}/repo`);
  const start = performance.now();
  await ostree('pull', '--disable-static-deltas', ...words, 'origin', REF);
  return { seconds: (performance.now() - start) / 1000, serverMB: peakMemory(server.pid) };
}

function rowsOf(results: Rounds<Pull>): Row[] {
  const of = (name: string) => results.get(name) ?? [];
  const seconds = (name: string) => of(name).map((pull) => pull.seconds);
  const ratio = (name: string, atMost?: number): Row => ({
    what: `${name} / nginx`,
    unit: 'ratio',
    values: pairRatios(seconds(name), seconds(NGINX)),
    ...(atMost === undefined ? {} : { atMost }),
  });
  const memory = (name: string): Row => ({
    what: `${name}: memory of the server`,
    unit: 'MB',
    values: of(name).map((pull) => pull.serverMB),
    atMost: GOALS.megabytes,
  });
  return [
    ...[...results.keys()].map((name): Row => ({ what: name, unit: 'seconds', values: seconds(name) })),
    ratio(WARM, GOALS.warm),
    ratio(COLD, GOALS.cold),
    ratio(DEFLATED),
    ratio(BARE),
    ratio(ARCHIVE),
    ...[WARM, COLD, DEFLATED, BARE, ARCHIVE].map(memory),
  ];
}
