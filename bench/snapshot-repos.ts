/** Repositories for the measurements of snapshots. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { commitTree, type TreeNode } from '../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../src/ostree/repo/archive-writer.ts';
import { output, run } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';
import { prepared, withScratch } from './storage.ts';

export const HISTORY_COMMITS = 20;
const FILES_PER_UPDATE = 60;
const REFS = 1000;
const FILES_PER_REF = 97;

/**
 * An archive repository with a history of {@link HISTORY_COMMITS} commits of the Debian tree: each replaces
 * files next to one another, as the update of a package does, by others of their size.
 */
export async function debianCommits(): Promise<string> {
  const { archive } = await debianRepos();
  return prepared('repos/snapshot-history', async (repo) => {
    await run(['ostree', `--repo=${repo}`, 'init', '--mode=archive']);
    await run(['ostree', `--repo=${repo}`, 'pull-local', archive, REF]);
    for (let update = 1; update < HISTORY_COMMITS; update += 1) await addUpdate(repo, update);
  });
}

/** Adds one more commit; updates of other numbers replace other files. */
export async function addUpdate(repo: string, update: number): Promise<void> {
  const listing = await output(['ostree', `--repo=${repo}`, 'ls', '-R', REF]);
  const files = [...listing.matchAll(/^-\d+ +\d+ +\d+ +(\d+) (.*)$/gm)];
  const start = Math.floor(((update % HISTORY_COMMITS) * files.length) / HISTORY_COMMITS);
  const changed = files.slice(start, start + FILES_PER_UPDATE);
  await commitChange(
    repo,
    update,
    changed.map(([, size, path]) => [path as string, Number(size)]),
  );
}

/** Adds one commit; `files` are paths and sizes. */
async function commitChange(
  repo: string,
  update: number,
  files: readonly (readonly [string, number])[],
): Promise<void> {
  await withScratch(async (changes) => {
    for (const [path, size] of files) {
      await mkdir(dirname(join(changes, path)), { recursive: true });
      const line = `${path} of update ${update}\n`;
      await writeFile(join(changes, path), line.repeat(Math.ceil(size / line.length)).slice(0, size));
    }
    const trees = [`--tree=ref=${REF}`, `--tree=dir=${changes}`];
    await run(['ostree', `--repo=${repo}`, 'commit', `--branch=${REF}`, '--subject=Update', ...trees]);
  });
}

/** An archive repository of 1,000 refs with 100,000 objects: commits, dirtrees, a dirmeta and files. */
export function manyRefsRepo(): Promise<string> {
  return prepared('repos/many-refs', async (path) => {
    const writer = await ArchiveWriter.create(path, { level: 1 });
    for (let ref = 0; ref < REFS; ref += 1) {
      const entries = Array.from({ length: FILES_PER_REF + 1 }, (_, file): [string, TreeNode] => [
        `file-${file}`,
        { kind: 'file', mode: 0o644, content: `${ref} ${file}\n`.repeat(20) },
      ]);
      const tree = { kind: 'directory', mode: 0o755, entries: new Map(entries) } as const;
      const commit = await commitTree(writer, tree, { timestamp: 1_700_000_000 + ref });
      await writer.ref(`app/org.example.App${ref}/x86_64/stable`, commit);
    }
  });
}
