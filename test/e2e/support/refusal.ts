/** Holds the product to its word about bad input: one line with a code, a status, and nothing left behind. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../../src/base/error-codes.ts';
import { type RunOptions, treeport } from './run.ts';

export type Refusal = RunOptions & {
  readonly code: ErrorCode;
  /** The exit status: 1 unless given. */
  readonly status?: 2;
  /** What the line must name. */
  readonly naming: readonly (string | RegExp)[];
  /** Folders that must be afterwards as they were before. */
  readonly untouched: readonly string[];
};

/** Runs the product's command, which has to refuse in the given way; gives its line. */
export async function checkRefused(words: readonly string[], refusal: Refusal): Promise<string> {
  const before = refusal.untouched.map(listing);
  const { status, signal, stdout, stderr } = await treeport(words, refusal);
  const what = `treeport ${words.join(' ')}\n${stderr}`;
  assert.deepEqual([status, signal, stdout], [refusal.status ?? 1, null, ''], what);
  assert.match(stderr, /^treeport: ERR_\w+: [^\n]+\n$/, what);
  assert.ok(stderr.startsWith(`treeport: ${refusal.code}: `), what);
  for (const name of refusal.naming) {
    assert.ok(typeof name === 'string' ? stderr.includes(name) : name.test(stderr), `${name} in ${what}`);
  }
  for (const [index, folder] of refusal.untouched.entries()) {
    assert.deepEqual(listing(folder), before[index], `${folder} after ${what}`);
  }
  return stderr;
}

/** Every path below the folder with its size and time of change. */
function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => {
      const { size, mtimeMs } = statSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    })
    .toSorted();
}
