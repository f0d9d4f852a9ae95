import assert from 'node:assert/strict';
import test from 'node:test';
import { TreeportError } from '../../src/base/errors.ts';
import { checksumOf } from '../../src/ostree/checksum.ts';
import { serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { loadCommitObject, loadDirmeta, loadDirtree } from '../../src/ostree/load.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

/** A source that gives these bytes for every id. */
const giving = (bytes: Buffer) => ({ metadata: async () => bytes });

const META = { uid: 0, gid: 0, mode: 0o40755, xattrs: [] };

test('a good object is parsed', async () => {
  const bytes = serializeDirmeta(META);
  assert.deepEqual(await loadDirmeta(giving(bytes), checksumOf(bytes)), META);
});

test('bytes that do not give the id, or no such object, are corrupt and named', async () => {
  const wrong = repeatedChecksum('a');
  await assert.rejects(
    loadDirmeta(giving(serializeDirmeta(META)), wrong),
    coded('ERR_OBJECT_CORRUPT', `${wrong}.dirmeta`),
  );
  const bytes = Buffer.from('nonsense');
  const id = checksumOf(bytes);
  await assert.rejects(loadCommitObject(giving(bytes), id), coded('ERR_OBJECT_CORRUPT', `${id}.commit`));
  await assert.rejects(loadDirtree(giving(bytes), id), coded('ERR_OBJECT_CORRUPT', `${id}.dirtree`));
  await assert.rejects(loadDirmeta(giving(bytes), id), coded('ERR_OBJECT_CORRUPT', `${id}.dirmeta`));
});

test('faults of the source pass as they are', async () => {
  const missing = {
    metadata: async () => {
      throw new TreeportError('ERR_OBJECT_MISSING', 'not here');
    },
  };
  await assert.rejects(loadDirtree(missing, repeatedChecksum('a')), coded('ERR_OBJECT_MISSING', 'not here'));
});
