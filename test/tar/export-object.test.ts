import assert from 'node:assert/strict';
import test from 'node:test';
import { isTreeportError } from '../../src/base/errors.ts';
import type { Checksum } from '../../src/ostree/checksum.ts';
import type { ObjectSource, StoredObject } from '../../src/ostree/object-source.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { fixtureObject, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { digestOf } from '../support/tar-streams.ts';

const BASH = fixtureObject('/usr/bin/bash');
const SH = fixtureObject('/usr/bin/sh');

/** The source with one content object changed. */
function changed(
  source: ObjectSource,
  checksum: Checksum,
  change: (object: StoredObject) => StoredObject,
): ObjectSource {
  const content = async (wanted: Checksum) => {
    const object = await source.content(wanted);
    return wanted === checksum ? change(object) : object;
  };
  return { ...source, content, openContent: () => undefined };
}

async function* bytes(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

const faults: Readonly<Record<string, [Checksum, RegExp, (object: StoredObject) => StoredObject]>> = {
  'other bytes': [BASH, /its bytes give/, (object) => ({ ...object, stream: () => bytes('THE-bash-shell') })],
  'fewer bytes': [BASH, /14 bytes, it has only 3/, (object) => ({ ...object, stream: () => bytes('the') })],
  'more bytes': [
    BASH,
    /14 bytes, it has more/,
    (object) => ({ ...object, stream: () => bytes('the-bash-shell!') }),
  ],
  'another owner': [
    BASH,
    /its bytes give/,
    (object) => ({ ...object, header: { ...object.header, uid: 1 } }),
  ],
  'another target': [
    SH,
    /its bytes give/,
    (object) => ({ ...object, header: { ...object.header, target: 'x' } }),
  ],
};

for (const [name, [checksum, message, change]] of Object.entries(faults)) {
  test(`an object with ${name} ends the stream with an error that names it`, async (t) => {
    const { path, commit } = await writeOstreeFixture(await tempDir(t));
    const source = changed((await openRepository(path)).objects, checksum, change);
    await assert.rejects(digestOf(exportCommit(source, commit)), (error: Error) => {
      assert.ok(isTreeportError(error, 'ERR_OBJECT_CORRUPT'), String(error));
      assert.match(error.message, message);
      return error.message.includes(checksum);
    });
  });
}

test('a corrupt dirtree and a missing object are named', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  const corrupt: ObjectSource = {
    ...objects,
    metadata: async (type, checksum) => {
      const found = await objects.metadata(type, checksum);
      return type === 'dirtree' ? Buffer.concat([found, Buffer.alloc(1)]) : found;
    },
  };
  await assert.rejects(digestOf(exportCommit(corrupt, commit)), {
    code: 'ERR_OBJECT_CORRUPT',
    message: /7cdc830f88e37bc9516624cb275a2998b990ffe4fb15a6fac4c7245b68b1461a\.dirtree/,
  });
  await assert.rejects(digestOf(exportCommit(objects, repeatedChecksum('f'))), {
    code: 'ERR_OBJECT_MISSING',
    message: new RegExp(repeatedChecksum('f')),
  });
});

test('a stream with a corrupt object never ends, however long it is', async (t) => {
  const { path, commit } = await writeOstreeFixture(await tempDir(t));
  const { objects } = await openRepository(path);
  // Large enough for the thread that verifies.
  const large = Buffer.alloc(3_000_000, 1);
  const source = changed(objects, BASH, (object) => ({
    ...object,
    size: large.length,
    stream: async function* () {
      yield large;
    },
  }));
  const pieces: Buffer[] = [];
  const read = async () => {
    for await (const piece of exportCommit(source, commit)) pieces.push(piece);
  };
  await assert.rejects(read(), { code: 'ERR_OBJECT_CORRUPT', message: new RegExp(BASH) });
  assert.ok(!Buffer.concat(pieces).subarray(-1024).equals(Buffer.alloc(1024)), 'no end of the archive');
});
