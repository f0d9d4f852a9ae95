/** A repository with so many objects that a start-up scan of all of them would show. */
import { commitTree, type TreeDirectory, type TreeNode } from '../../src/ostree/commit-tree.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { prepared } from '../storage.ts';

export const MANY_REF = 'many';
const FOLDERS = 400;
const FILES_PER_FOLDER = 500;
export const OBJECT_COUNT = FOLDERS * FILES_PER_FOLDER;

/** An archive repository with {@link OBJECT_COUNT} distinct small files in one commit. */
export function manyObjectsRepo(): Promise<string> {
  return prepared('repos/many-objects', async (path) => {
    const writer = await ArchiveWriter.create(path, { level: 1 });
    const commit = await commitTree(writer, tree(), { subject: 'Many objects', timestamp: 1_700_000_000 });
    await writer.ref(MANY_REF, commit);
  });
}

function tree(): TreeDirectory {
  return directory(FOLDERS, (folder) =>
    directory(FILES_PER_FOLDER, (file) => ({ kind: 'file', mode: 0o644, content: `${folder} ${file}\n` })),
  );
}

function directory(count: number, entry: (index: number) => TreeNode): TreeDirectory {
  const names = Array.from({ length: count }, (_, index) => String(index).padStart(4, '0'));
  const entries = new Map(names.map((name, index) => [name, entry(index)]));
  return { kind: 'directory', mode: 0o755, entries };
}
