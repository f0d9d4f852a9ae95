/** An ostree client: a repository of its own that pulls from a remote by HTTP. */
import { globSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { must, type Outcome, run } from './run.ts';

export type ClientOptions = {
  readonly mode?: 'archive' | 'bare' | 'bare-user' | 'bare-user-only';
  /** File with the public key; without it nothing is verified. */
  readonly publicKey?: string;
  /** The summary has to be signed too. */
  readonly verifySummary?: boolean;
};

const REMOTE = 'mirror';

export class Client {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes an empty repository below `folder` with a remote at `url`. */
  static async create(folder: string, url: string, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(await mkdtemp(join(folder, 'client-')));
    await client.ostree('init', `--mode=${options.mode ?? 'bare-user'}`);
    await client.ostree('config', 'set', 'core.fsync', 'false');
    const { publicKey, verifySummary } = options;
    const verification =
      publicKey === undefined
        ? ['--no-gpg-verify']
        : [
            '--set=gpg-verify=true',
            `--set=gpg-verify-summary=${verifySummary === true}`,
            `--gpg-import=${publicKey}`,
          ];
    await client.ostree('remote', 'add', ...verification, REMOTE, url);
    return client;
  }

  /** Runs an ostree verb on this repository that has to succeed. */
  ostree(...words: readonly string[]): Promise<string> {
    return must(['ostree', `--repo=${this.path}`, ...words]);
  }

  /** Pulls what has to be there. */
  async pull(...words: readonly string[]): Promise<void> {
    await this.ostree('pull', REMOTE, ...words);
  }

  tryPull(...words: readonly string[]): Promise<Outcome> {
    return run(['ostree', `--repo=${this.path}`, 'pull', REMOTE, ...words]);
  }

  /** The commit of a ref that was pulled, mirrored or not. */
  async revision(ref: string): Promise<string> {
    const local = await run(['ostree', `--repo=${this.path}`, 'rev-parse', ref]);
    return local.status === 0 ? local.stdout.trim() : this.ostree('rev-parse', `${REMOTE}:${ref}`);
  }

  /** Throws unless everything here is whole. */
  async fsck(): Promise<void> {
    await this.ostree('fsck', '--quiet', '--all');
  }

  /** How many objects are here, also those of a pull that did not end. */
  objectCount(): number {
    return globSync(['objects/??/*', 'tmp/staging-*/??/*'], { cwd: this.path }).length;
  }
}
