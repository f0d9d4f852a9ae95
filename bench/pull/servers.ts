/**
 * The servers that clients pull the Debian tree from: nginx over the ready archive repository, and treeport
 * as an image and as a command. Each start is a new process with an empty log.
 */
import { join } from 'node:path';
import type { Build } from '../builds.ts';
import type { Command } from '../command.ts';
import { type DebianRepos, debianRepos } from '../debian-tree.ts';
import { type Mirror, unpackMirror } from '../mirror.ts';
import { startNginx } from '../nginx.ts';
import { warmPageCache } from '../page-cache.ts';
import { BY_DEFAULT } from '../result.ts';
import { type Server, startServer, withServer } from '../server.ts';
import { type ClientOptions, newClient, pull } from './client.ts';
import { newerOstree } from './newer-ostree.ts';

export type PullServer = {
  readonly name: string;
  /** As in a row; undefined for nginx and the other build. */
  readonly setting?: string;
  readonly start: () => Promise<Server>;
  /** Of its clients; those of this machine's ostree, without deltas, by default. */
  readonly clients?: ClientOptions;
};

export const NGINX = 'nginx, ready archive repository';
export const IMAGE = 'mirror image';
export const WARM = 'mirror image, warm cache';
export const COLD = 'mirror image, cold cache';
export const ARCHIVE = 'treeport serve, ready archive repository';
export const BARE = 'treeport serve, bare repository';
/** Clients from 2023.7 on, from Debian 13. */
export const NEWER_NGINX = `${NGINX}, newer client`;
export const WAN = 'mirror image, virtual deltas wan, newer client';
export const LAN = 'mirror image, virtual deltas lan, newer client';
const CACHE = '--cache-dir';

export type Stage = {
  readonly scratch: string;
  readonly repos: DebianRepos;
  readonly build: Build;
  readonly mirror: Mirror;
  /** A path that no other call returns. */
  readonly fresh: (name: string) => string;
};

/** Unpacks the mirror image of a build below `scratch`, and reads everything servers read once. */
export async function setStage(scratch: string, build: Build): Promise<Stage> {
  const repos = await debianRepos();
  const folder = join(scratch, build.suffix === '' ? 'this' : 'before');
  const mirror = await unpackMirror(join(folder, 'mirror'), build);
  await warmPageCache(repos.bare, repos.archive, mirror.root);
  const counter = { next: 0 };
  return { scratch, repos, build, mirror, fresh: (name) => join(folder, `${name}-${counter.next++}`) };
}

export function nginx(stage: Stage, workers: 1 | 'auto' = 'auto'): PullServer {
  const { repos, fresh } = stage;
  const name = workers === 'auto' ? NGINX : `${NGINX}, one process`;
  return { name, start: () => startNginx({ repo: repos.archive, folder: fresh('nginx'), workers }) };
}

/** The image as it starts when a user gives no option. */
export function image(stage: Stage, ...args: readonly string[]): PullServer {
  const name = args.length === 0 ? IMAGE : `${IMAGE}, ${args.join(' ')}`;
  const setting = args.length === 0 ? BY_DEFAULT : args.join(' ');
  return ours(stage, name, setting, () => startMirror(stage, ...args));
}

export function coldImage(stage: Stage): PullServer {
  return ours(stage, COLD, CACHE, () => startMirror(stage, ...cacheAt(stage.fresh('cold-cache'))));
}

/** Fills the cache by a pull; an explicit level makes the server cache objects as it sends them. */
export async function warmImage(stage: Stage): Promise<PullServer> {
  const cache = cacheAt(stage.fresh('warm-cache'));
  await withServer(startMirror(stage, ...cache, '--deflate-level', '6'), async ({ origin }) => {
    await pull(await newClient(stage.fresh('client'), origin));
  });
  return ours(stage, WARM, CACHE, () => startMirror(stage, ...cache));
}

/** Pulls by clients that are offered virtual deltas; none where no such client is installed. */
export function newerPulls(stage: Stage): readonly PullServer[] {
  const words = newerOstree(stage.scratch);
  if (words === undefined) return [];
  const virtual = (name: string, profile: string): PullServer => {
    const option = ['--virtual-deltas', profile];
    const start = () => startMirror(stage, ...option, ...cacheAt(stage.fresh('parts')));
    const server = ours(stage, name, [...option, CACHE].join(' '), start);
    return { ...server, clients: { words, deltas: 'required' } };
  };
  return [
    { ...nginx(stage), name: NEWER_NGINX, clients: { words } },
    virtual(WAN, 'wan'),
    virtual(LAN, 'lan'),
  ];
}

export function serveArchive(stage: Stage, ...args: readonly string[]): PullServer {
  const name = args.length === 0 ? ARCHIVE : `${ARCHIVE}, ${args.join(' ')}`;
  const setting = args.length === 0 ? BY_DEFAULT : args.join(' ');
  return ours(stage, name, setting, () => startServe(stage, stage.repos.archive, ...args));
}

export function serveBare(stage: Stage): PullServer {
  return ours(stage, BARE, BY_DEFAULT, () => startServe(stage, stage.repos.bare));
}

function ours({ build }: Stage, name: string, setting: string, start: () => Promise<Server>): PullServer {
  return build.suffix === '' ? { name, setting, start } : { name: name + build.suffix, start };
}

function cacheAt(path: string): string[] {
  return [CACHE, path, '--cache-size', '4G'];
}

function startMirror({ mirror, fresh }: Stage, ...args: readonly string[]): Promise<Server> {
  return startTreeport(fresh('log'), (listen) => mirror.command(...listen, ...args), mirror.environment);
}

function startServe({ build, fresh }: Stage, repo: string, ...args: readonly string[]): Promise<Server> {
  return startTreeport(fresh('log'), (listen) => build.treeport('serve', '--repo', repo, ...listen, ...args));
}

function startTreeport(
  log: string,
  command: (listen: readonly string[]) => Command,
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  return startServer({
    readyPath: '/readyz',
    log,
    environment,
    command: (port) => command(['--listen', `127.0.0.1:${port}`]),
  });
}
