/** A real client: `ostree pull` of the Debian tree without static deltas into a new repository. */
import { run } from '../command.ts';
import { REF } from '../debian-tree.ts';

export type Client = { readonly repo: string };

export type ClientOptions = {
  /** archive copies objects as they are; bare-user, the default, unpacks each. */
  readonly mode?: 'bare-user' | 'archive';
};

/** A repository at the new path `repo`, with a remote. */
export async function newClient(
  repo: string,
  origin: string,
  { mode = 'bare-user' }: ClientOptions = {},
): Promise<Client> {
  await ostree(repo, 'init', `--mode=${mode}`);
  await ostree(repo, 'remote', 'add', '--no-gpg-verify', 'origin', `${origin}/repo`);
  return { repo };
}

/** Seconds that the pull took. */
export async function pull({ repo }: Client, ...options: readonly string[]): Promise<number> {
  await run(['sync', '-f', repo]);
  const start = performance.now();
  await ostree(repo, 'pull', '--disable-static-deltas', ...options, 'origin', REF);
  return (performance.now() - start) / 1000;
}

function ostree(repo: string, ...words: readonly string[]): Promise<void> {
  return run(['ostree', `--repo=${repo}`, ...words]);
}
