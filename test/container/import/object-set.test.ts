import assert from 'node:assert/strict';
import test from 'node:test';
import { readObjectSet, writeObjectSet } from '../../../src/container/import/object-set.ts';
import { type Checksum, parseChecksum } from '../../../src/ostree/checksum.ts';
import { importCommit } from '../../../src/tar/import-commit.ts';
import { memorySink } from '../../support/memory-sink.ts';
import { FIXTURE_COMMIT, FIXTURE_OBJECTS } from '../../support/ostree-fixture.ts';
import { goldenTar, inPieces } from '../../support/tar-streams.ts';

const source = (sink: ReturnType<typeof memorySink>) => ({
  metadata: async (type: string, checksum: Checksum) => {
    const bytes = sink.metadataBytes.get(`${checksum}.${type}`);
    assert.ok(bytes);
    return bytes;
  },
});

test('sets of objects give the commits that they give in ostree-ext', async () => {
  const sink = memorySink();
  assert.equal(
    await writeObjectSet(sink, []),
    parseChecksum('6109d33e99f48e9b90cdf8ad037b8e5d20ef899697cfd3eb492cf78800aed498'),
  );
  const objects = [...new Set(Object.values(FIXTURE_OBJECTS))];
  const commit = await writeObjectSet(sink, objects);
  assert.equal(commit, '876c4e4aa93f714fff0104338117af05a1f3728a4132ba0322393d5d40642212');
  assert.equal(await writeObjectSet(sink, objects.toReversed()), commit);
  assert.deepEqual(await readObjectSet(source(sink), commit), objects.toSorted());
  assert.ok(
    sink.written.includes('446a0ef11b7cc167f3b603e585c7eeeeb675faa412d5ec73f62988eb0b6c5488.dirmeta'),
  );
});

test('another commit is no set of objects', async () => {
  const sink = memorySink();
  await importCommit(inPieces(await goldenTar('fixture-whole-commit-nometa')), sink, { where: 'the test' });
  assert.equal(await readObjectSet(source(sink), FIXTURE_COMMIT), undefined);
});
