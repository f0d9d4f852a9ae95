import assert from 'node:assert/strict';
import test from 'node:test';
import { noBytes } from '../../src/ostree/object-source.ts';
import type { TarMetadataType } from '../../src/tar/object-entry.ts';
import { inChunkOrder, inCommitOrder } from '../../src/tar/object-order.ts';
import type { TarObject } from '../../src/tar/read-objects.ts';
import { repeatedChecksum } from '../support/checksums.ts';

const A = repeatedChecksum('a');
const B = repeatedChecksum('b');

function metadata(type: TarMetadataType, checksum = A): TarObject {
  return { kind: 'metadata', header: 512, type, checksum, bytes: Buffer.alloc(0) };
}

function content(checksum = A): TarObject {
  const header = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
  return { kind: 'content', header: 512, checksum, object: { header, size: 0, stream: noBytes } };
}

async function pass(
  order: (objects: AsyncIterable<TarObject>) => AsyncIterable<TarObject>,
  objects: readonly TarObject[],
): Promise<readonly TarObject[]> {
  async function* source(): AsyncGenerator<TarObject> {
    yield* objects;
  }
  const passed: TarObject[] = [];
  for await (const object of order(source())) passed.push(object);
  return passed;
}

test('a commit stream is a commit, its detached metadata and the rest', async () => {
  for (const objects of [
    [metadata('commit'), metadata('commitmeta'), metadata('dirmeta', B), content(), content()],
    [metadata('commit'), metadata('dirtree', B)],
    [metadata('commit'), content()],
  ]) {
    assert.deepEqual(await pass(inCommitOrder, objects), objects);
  }
});

test('a commit stream of anything else is ERR_TAR_OBJECT', async () => {
  const cases: readonly (readonly [RegExp, readonly TarObject[]])[] = [
    [/no commit/, []],
    [/ends after the commit a{64}/, [metadata('commit')]],
    [
      /a{64}\.file .* where the commit is expected \(entry at byte 512, uncompressed\)$/,
      [content(), metadata('commit')],
    ],
    [/b{64}\.commit .* second commit/, [metadata('commit'), content(), metadata('commit', B)]],
    [/a{64}\.commitmeta .* follow/, [metadata('commit'), content(), metadata('commitmeta')]],
    [/b{64}\.commitmeta .* follow/, [metadata('commit'), metadata('commitmeta', B)]],
  ];
  for (const [message, objects] of cases) {
    await assert.rejects(pass(inCommitOrder, objects), { code: 'ERR_TAR_OBJECT', message });
  }
});

test('a component layer holds content objects only, each once', async () => {
  const objects = [content(A), content(B)];
  assert.deepEqual(await pass(inChunkOrder, objects), objects);
  assert.deepEqual(await pass(inChunkOrder, []), []);
  await assert.rejects(pass(inChunkOrder, [content(), content()]), {
    code: 'ERR_TAR_OBJECT',
    message: /twice .*at byte 512,/,
  });
  await assert.rejects(pass(inChunkOrder, [metadata('dirtree')]), {
    code: 'ERR_TAR_OBJECT',
    message: /metadata/,
  });
});
