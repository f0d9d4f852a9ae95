import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { TreeportError } from '../../../src/base/errors.ts';
import { attributeLayerError } from '../../../src/container/import/attribute-error.ts';
import { coded } from '../../support/expect.ts';

const WRONG = new TreeportError('ERR_OBJECT_CORRUPT', 'an object is corrupt');

/** A stream of three pieces; `damaged`: it says so at its end. */
function layer(damaged: boolean) {
  const seen = { pieces: 0, closed: false };
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (; seen.pieces < 3; seen.pieces += 1) yield Buffer.alloc(1);
      if (damaged) throw new TreeportError('ERR_BLOB_CORRUPT', 'the blob is corrupt');
    } finally {
      seen.closed = true;
    }
  }
  return { seen, stream: stream() };
}

async function failAtFirstPiece(tar: AsyncIterable<Uint8Array>, error: Error): Promise<void> {
  for await (const _ of tar) throw error;
}

test('what is wrong in a damaged layer is the damage', async () => {
  const { seen, stream } = layer(true);
  await assert.rejects(
    attributeLayerError(stream, (tar) => failAtFirstPiece(tar, WRONG)),
    coded('ERR_BLOB_CORRUPT'),
  );
  assert.ok(seen.closed);
});

test('what is wrong in a layer that came as it is, is the layer’s own', async () => {
  const { seen, stream } = layer(false);
  await assert.rejects(
    attributeLayerError(stream, (tar) => failAtFirstPiece(tar, WRONG)),
    coded('ERR_OBJECT_CORRUPT'),
  );
  assert.deepEqual(seen, { pieces: 3, closed: true });
});

test('other faults, and those of others, do not have the layer read on', async () => {
  for (const [error, signal] of [
    [new TreeportError('ERR_DISK_FULL', 'full'), undefined],
    [WRONG, AbortSignal.abort(WRONG)],
  ] as const) {
    const { seen, stream } = layer(true);
    await assert.rejects(
      attributeLayerError(stream, (tar) => failAtFirstPiece(tar, error), signal),
      coded(error.code),
    );
    assert.deepEqual(seen, { pieces: 0, closed: true });
  }
});

test('what is made of a good layer is handed on', async () => {
  const { stream } = layer(false);
  assert.equal(await attributeLayerError(stream, async (tar) => (await collect(tar)).length), 3);
});
