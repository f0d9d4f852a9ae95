/** Commits of files that do not compress, for tests that interrupt writing and fill media. */
import { commitTree, type TreeNode } from '../../src/ostree/commit-tree.ts';
import type { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import type { Random } from '../gvariant/random.ts';

const WORDS = 6000;

/** Sets the ref to a new commit of so many files of 24 kB. */
export async function commitNoise(
  writer: ArchiveWriter,
  ref: string,
  random: Random,
  files = 40,
): Promise<void> {
  const entries = Array.from({ length: files }, (_, at): [string, TreeNode] => {
    const words = new Uint32Array(WORDS).map(() => random.next());
    return [`file${at}`, { kind: 'file', mode: 0o644, content: Buffer.from(words.buffer) }];
  });
  const tree = { kind: 'directory', mode: 0o755, entries: new Map(entries) } as const;
  await writer.ref(ref, await commitTree(writer, tree, { timestamp: 1_700_000_000 }));
}
