import assert from 'node:assert/strict';
import test from 'node:test';
import { importChunk } from '../../src/tar/import-chunk.ts';
import { coded } from '../support/expect.ts';
import { memorySink } from '../support/memory-sink.ts';
import { FIXTURE_OBJECTS } from '../support/ostree-fixture.ts';
import { goldenTar, inPieces } from '../support/tar-streams.ts';

const OBJECTS = [...new Set(Object.values(FIXTURE_OBJECTS))].toSorted();
const NEEDED = new Set(OBJECTS.map((checksum) => `${checksum}.file`));
const where = 'layer 1';

test('the objects of a component layer are written, and named', async () => {
  const sink = memorySink();
  const tar = inPieces(await goldenTar('fixture-chunk-allcontent'));
  assert.deepEqual(await importChunk(tar, sink, { needed: NEEDED, where }), OBJECTS);
  assert.deepEqual([...sink.contents.keys()], OBJECTS);
});

test('an empty component layer brings nothing', async () => {
  const tar = inPieces(await goldenTar('fixture-chunk-empty-reserved'));
  assert.deepEqual(await importChunk(tar, memorySink(), { needed: NEEDED, where }), []);
});

test('an object that does not belong is refused before it is written', async () => {
  const [first = '', ...others] = OBJECTS;
  const needed = new Set(others.map((checksum) => `${checksum}.file`));
  const sink = memorySink();
  const tar = inPieces(await goldenTar('fixture-chunk-allcontent'));
  await assert.rejects(
    importChunk(tar, sink, { needed, where }),
    coded('ERR_OBJECT_STRAY', first, where, 'at byte'),
  );
  assert.deepEqual(sink.written, []);
});

test('a layer with metadata is no component layer', async () => {
  const tar = inPieces(await goldenTar('fixture-whole-commit-nometa'));
  await assert.rejects(importChunk(tar, memorySink(), { needed: NEEDED, where }), coded('ERR_TAR_OBJECT'));
});

test('the signal ends it with its reason', async () => {
  const tar = inPieces(await goldenTar('fixture-chunk-allcontent'));
  const signal = AbortSignal.abort(new RangeError('another layer'));
  await assert.rejects(importChunk(tar, memorySink(), { needed: NEEDED, where, signal }), RangeError);
});
