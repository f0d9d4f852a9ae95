import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { checksumFromDeltaName } from '../../src/ostree/checksum.ts';
import { deltasVariant, listDeltas, serializeDeltaIndex } from '../../src/ostree/delta-list.ts';
import { type DeltaName, superblockPath } from '../../src/ostree/delta-name.ts';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const A = repeatedChecksum('a');
const B = repeatedChecksum('b');

function repository(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'treeport-deltas-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeSuperblock(repo: string, name: DeltaName, content: string): string {
  const path = join(repo, superblockPath(name));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return createHash('sha256').update(content).digest('hex');
}

test('deltas are listed with the digests of their superblocks, sorted', async (t) => {
  const repo = repository(t);
  assert.deepEqual(await listDeltas(repo), []);
  const between = { from: B, to: A };
  const scratch = { from: undefined, to: A };
  const digests = [writeSuperblock(repo, between, 'between'), writeSuperblock(repo, scratch, 'scratch')];
  assert.deepEqual(await listDeltas(repo), [
    { name: scratch, superblock: digests[1] },
    { name: between, superblock: digests[0] },
  ]);
});

test('signed superblocks, unfinished deltas and foreign names do not count', async (t) => {
  const repo = repository(t);
  writeSuperblock(repo, { from: undefined, to: A }, 'OSTSGNDT and so on');
  mkdirSync(dirname(join(repo, superblockPath({ from: undefined, to: B }))), { recursive: true });
  mkdirSync(join(repo, 'deltas/xx/foreign'), { recursive: true });
  writeFileSync(join(repo, 'deltas/xx/foreign/superblock'), '');
  writeFileSync(join(repo, 'deltas/file'), '');
  assert.deepEqual(await listDeltas(repo), []);
});

test('an index is a dictionary of hexadecimal names to digests', () => {
  const to = checksumFromDeltaName(`${'T'.repeat(42)}A`) ?? A;
  const deltas = [
    { name: { from: undefined, to }, superblock: A },
    { name: { from: B, to }, superblock: B },
  ];
  const index = parseDict(serializeDeltaIndex(deltas));
  assert.deepEqual([...index.keys()], ['ostree.static-deltas']);
  assert.deepEqual(index.get('ostree.static-deltas'), deltasVariant(deltas));
  assert.deepEqual(index.get('ostree.static-deltas')?.value, [
    [to, { type: 'ay', value: Buffer.from(A, 'hex') }],
    [`${B}-${to}`, { type: 'ay', value: Buffer.from(B, 'hex') }],
  ]);
});
