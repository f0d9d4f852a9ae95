/** Inspects the deltas that clients of a repository see after a publisher was killed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSuperblock, partPath } from '../../../src/delta/static/superblock.ts';
import { checksumOf } from '../../../src/ostree/checksum.ts';
import { listDeltas, STATIC_DELTAS_KEY } from '../../../src/ostree/delta-list.ts';
import { deltaIndexPath, deltaKey, superblockPath } from '../../../src/ostree/delta-name.ts';
import { dictView, parseDict } from '../../../src/ostree/metadata-dict.ts';
import { parseSummary } from '../../../src/ostree/summary.ts';

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
