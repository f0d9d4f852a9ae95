/**
 * Repositories of a commit with one 4 GB file: zeros, so that reading outruns compression, and random bytes,
 * so that the output is as large as the input.
 */
import { createCipheriv } from 'node:crypto';
import { mkdir, open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { prepared, withScratch } from '../storage.ts';

const FILE_SIZE = 4_000_000_000;
const PIECE = Buffer.alloc(8_000_000);
const REF = 'big';
const WRITERS = { zeros: writeZeros, random: writeRandom };

/** A bare-user repository, prepared once. */
export async function bigFileRepo(
  content: keyof typeof WRITERS,
): Promise<{ readonly repo: string; readonly ref: string }> {
  const repo = await prepared(`repos/big-${content}`, (path) => commitOneFile(path, WRITERS[content]));
  return { repo, ref: REF };
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
