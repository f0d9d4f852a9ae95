/** A directory tree with the same names beside it, to test that only files beneath its root are found. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tempDir } from '../e2e/support/scratch.ts';

export type Tree = {
  /** Holds the root and what lies beside it. */
  readonly folder: string;
  readonly root: string;
  link(target: string, path: string): void;
};

/** A root with files, and secrets beside it under the same names. */
export async function makeTree(t: TestContext): Promise<Tree> {
  const folder = await tempDir(t);
  const root = join(folder, 'root');
  for (const [base, text] of [
    [root, 'inside'],
    [join(folder, 'beside'), 'secret'],
  ] as const) {
    mkdirSync(join(base, 'a/b'), { recursive: true });
    for (const path of ['file', 'a/file', 'a/b/file']) writeFileSync(join(base, path), text);
  }
  return { folder, root, link: (target, path) => symlinkSync(target, join(root, path)) };
}
