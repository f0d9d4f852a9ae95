/** A repository of many refs for the measurements of snapshots. */
import { commitTree, type TreeNode } from '../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../src/ostree/repo/archive-writer.ts';
import { prepared } from './storage.ts';

const REFS = 1000;
const FILES_PER_REF = 97;

export function manyRefs(): readonly string[] {
  return Array.from({ length: REFS }, (_, ref) => `app/org.example.App${ref}/x86_64/stable`);
}

/** An archive repository of 1,000 refs with 100,000 objects: commits, dirtrees, a dirmeta and files. */
export function manyRefsRepo(): Promise<string> {
  return prepared('repos/many-refs', async (path) => {
    const writer = await ArchiveWriter.create(path, { level: 1 });
    for (const [ref, name] of manyRefs().entries()) {
      const entries = Array.from({ length: FILES_PER_REF + 1 }, (_, file): [string, TreeNode] => [
        `file-${file}`,
        { kind: 'file', mode: 0o644, content: `${ref} ${file}\n`.repeat(20) },
      ]);
      const tree = { kind: 'directory', mode: 0o755, entries: new Map(entries) } as const;
      const commit = await commitTree(writer, tree, { timestamp: 1_700_000_000 + ref });
      await writer.ref(name, commit);
    }
  });
}
