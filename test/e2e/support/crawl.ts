/** Everything that a mirror of one commit serves, fetched and hashed. */
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { listTree } from '../../support/ostree-repos.ts';

const AT_ONCE = 8;

/** Names of answers below `url` and the SHA-256 of their bytes, or their status if that is not 200. */
export async function crawl(url: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  const queue = paths.values();
  const work = async () => {
    for (const path of queue) answers.set(path, await digestOf(`${url}/${path}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answers;
}

async function digestOf(url: string): Promise<string> {
  const { status, body } = await fetch(url);
  if (status !== 200 || body === null) {
    await body?.cancel();
    return `status ${status}`;
  }
  const hash = createHash('sha256');
  await pipeline(body, hash);
  return hash.digest('hex');
}

/** The paths of a commit's objects, and of what is not named by its content. */
export async function pathsOf(repo: string, ref: string, commit: string): Promise<readonly string[]> {
  const object = (id: string, type: string) => `objects/${id.slice(0, 2)}/${id.slice(2)}.${type}`;
  const objects = (await listTree(repo, commit)).map(({ kind, checksum, meta = '' }) =>
    kind === 'd' ? [object(checksum, 'dirtree'), object(meta, 'dirmeta')] : [object(checksum, 'filez')],
  );
  return [
    ...new Set([
      ...['config', 'summary', 'summary.sig', `refs/heads/${ref}`],
      ...[object(commit, 'commit'), object(commit, 'commitmeta')],
      ...objects.flat(),
    ]),
  ];
}
