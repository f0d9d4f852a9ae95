/** A real client: `ostree pull` of the Debian tree into a new repository. */
import { type Command, run } from '../command.ts';
import { REF } from '../debian-tree.ts';

export type Client = {
  readonly repo: string;
  /** Runs its ostree. */
  readonly words: Command;
  /** Pulls the commit by a static delta, or without any. */
  readonly deltas: 'required' | 'disabled';
};

export type ClientOptions = {
  /** archive copies objects as they are; bare-user, the default, unpacks each. */
  readonly mode?: 'bare-user' | 'archive';
  /** Runs another ostree than this machine's. */
  readonly words?: Command;
  /** Disabled by default. */
  readonly deltas?: Client['deltas'];
};

/** A repository at the new path `repo`, with a remote. */
export async function newClient(
  repo: string,
  origin: string,
  { mode = 'bare-user', words = ['ostree'], deltas = 'disabled' }: ClientOptions = {},
): Promise<Client> {
  const client = { repo, words, deltas };
  await ostree(client, 'init', `--mode=${mode}`);
  await ostree(client, 'remote', 'add', '--no-gpg-verify', 'origin', `${origin}/repo`);
  return client;
}

/** Seconds that the pull took. */
export async function pull(client: Client, ...options: readonly string[]): Promise<number> {
  await run(['sync', '-f', client.repo]);
  const how = client.deltas === 'required' ? '--require-static-deltas' : '--disable-static-deltas';
  const start = performance.now();
  await ostree(client, 'pull', how, ...options, 'origin', REF);
  return (performance.now() - start) / 1000;
}

function ostree({ repo, words }: Client, ...verb: readonly string[]): Promise<void> {
  return run([...words, `--repo=${repo}`, ...verb]);
}
