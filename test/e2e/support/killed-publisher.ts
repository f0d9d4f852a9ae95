/** Kills the command when it changes a repository, and inspects the deltas that clients then see. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, watch } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSuperblock, partPath } from '../../../src/delta/static/superblock.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { listDeltas, STATIC_DELTAS_KEY } from '../../../src/ostree/delta-list.ts';
import { deltaIndexPath, deltaKey, superblockPath } from '../../../src/ostree/delta-name.ts';
import { dictView, parseDict } from '../../../src/ostree/metadata-dict.ts';
import { parseSummary } from '../../../src/ostree/summary.ts';
import { TREEPORT } from './run.ts';

/** The number of changes in the repository at `path` that the command made until it ended or was killed. */
export async function killedAfter(change: number, path: string, command: readonly string[]): Promise<number> {
  const [program, ...words] = [...TREEPORT, ...command];
  const state = { changes: 0 };
  const child = spawn(program as string, words, { stdio: 'ignore' });
  const watcher = watch(path, { recursive: true }, () => {
    state.changes += 1;
    if (state.changes >= change) child.kill('SIGKILL');
  });
  // Folders come and go while it looks for them.
  watcher.on('error', () => {});
  await once(child, 'close');
  watcher.close();
  return state.changes;
}

/**
 * Every delta with a superblock is whole, and what index and summary list has the listed checksum. Returns
 * their keys.
 */
export async function assertDeltasSound(path: string): Promise<readonly string[]> {
  const deltas = await listDeltas(path);
  const sums = new Map<string, string>(deltas.map(({ name, superblock }) => [deltaKey(name), superblock]));
  for (const { name } of deltas) {
    const superblock = parseSuperblock(readFileSync(join(path, superblockPath(name))));
    for (const [index, part] of superblock.parts.entries())
      assert.equal(checksumOf(readFileSync(join(path, partPath(name, index)))), part.checksum);
    const index = await readdir(join(path, 'delta-indexes'), { recursive: true }).catch(() => []);
    if (index.some((file) => deltaIndexPath(name.to).endsWith(file) && file.endsWith('.index')))
      assertListed(parseDict(readFileSync(join(path, deltaIndexPath(name.to)))), sums);
  }
  assertListed(parseSummary(readFileSync(join(path, 'summary'))).metadata, sums);
  return [...sums.keys()];
}

function assertListed(dict: ReturnType<typeof parseDict>, sums: ReadonlyMap<string, string>): void {
  for (const entry of dictView(dict, STATIC_DELTAS_KEY, 'a{sv}') ?? []) {
    const sum = Buffer.from(entry.child(1).child(0).bytes).toString('hex');
    assert.equal(sums.get(entry.child(0).value() as string), sum);
  }
}
