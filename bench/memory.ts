/**
 * Peak memory of `treeport container encapsulate` on a commit with one 4 GB file: zeros, so that reading
 * outruns compression, and random bytes, so that the output is as large as the input.
 */
import { createCipheriv } from 'node:crypto';
import { mkdir, open, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { THIS_BUILD } from './builds.ts';
import { measure, run } from './command.ts';
import type { Row, Section } from './result.ts';
import { prepared, withScratch } from './storage.ts';

const FILE_SIZE = 4_000_000_000;
const PIECE = Buffer.alloc(8_000_000);
const GOAL_MB = 200;
const REF = 'big';

export function benchMemory(): Promise<Section> {
  return withScratch(async (scratch) => {
    const rows: Row[] = [];
    for (const [content, write] of Object.entries({ zeros: writeZeros, random: writeRandom })) {
      const repo = await prepared(`repos/big-${content}`, (path) => commitOneFile(path, write));
      const out = join(scratch, 'out');
      const { seconds, peakMB } = await measure(
        THIS_BUILD.treeport('container', 'encapsulate', '--quiet', '--repo', repo, REF, `oci:${out}`),
      );
      await rm(out, { recursive: true });
      rows.push({ what: `${content}: peak memory`, unit: 'MB', values: [peakMB], atMost: GOAL_MB });
      rows.push({ what: `${content}: wall time`, unit: 'seconds', values: [seconds] });
    }
    return { title: 'encapsulate a commit with one 4 GB file', rows };
  });
}

async function commitOneFile(repo: string, write: (path: string) => Promise<void>): Promise<void> {
  const ostree = (...words: string[]) => run(['ostree', `--repo=${repo}`, ...words]);
  await withScratch(async (scratch) => {
    const folder = join(scratch, 'tree/usr/share');
    await mkdir(folder, { recursive: true });
    await write(join(folder, 'big'));
    await mkdir(repo);
    await ostree('init', '--mode=bare-user');
    await ostree('commit', `--branch=${REF}`, '--subject=One big file', `--tree=dir=${scratch}/tree`);
  });
}

async function writeZeros(path: string): Promise<void> {
  await writeFile(path, '');
  await truncate(path, FILE_SIZE);
}

/** A cipher's key stream, so that every run gets the same bytes. */
async function writeRandom(path: string): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  await using file = await open(path, 'w');
  for (let written = 0; written < FILE_SIZE; written += PIECE.length) await file.write(cipher.update(PIECE));
}
