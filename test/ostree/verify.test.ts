import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { type FileHeader, isSymlink } from '../../src/ostree/file-header.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import type { ContentObject } from '../../src/ostree/object-source.ts';
import {
  fileChecksum,
  verifiedBytes,
  verifiedStream,
  verifyInPlace,
  verifyMetadata,
} from '../../src/ostree/verify.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';
import { LARGE_BYTES } from '../support/hostile-tree.ts';
import { unshare } from '../support/ostree-repos.ts';
import { kinds, ModeRepos, skip } from './repo/modes.ts';

const header: FileHeader = { uid: 0, gid: 0, mode: 0o100644, target: '', xattrs: Buffer.alloc(0) };
const FOO = '979b41ca';

function object(text: string): ContentObject {
  return {
    header,
    size: text.length,
    async *stream() {
      for (const char of text) yield Buffer.from(char);
    },
  };
}

test('the id of a content object is that of header and bytes', async () => {
  const id = await fileChecksum(object('foo'));
  assert.equal(id.slice(0, 8), FOO);
  assert.equal((await collect(verifiedStream(object('foo'), id))).toString(), 'foo');
  await assert.rejects(collect(verifiedStream(object('fop'), id)), coded('ERR_OBJECT_CORRUPT', `${id}.file`));
  const other = { ...object('foo'), header: { ...header, mode: 0o100600 } };
  await assert.rejects(collect(verifiedStream(other, id)), coded('ERR_OBJECT_CORRUPT', `${id}.file`));
});

test('an object is verified in place if it can be read so, and as a stream otherwise', async () => {
  const id = await fileChecksum(object('foo'));
  const stored = (text: string) => ({ ...object(text), bytes: () => assert.fail() });
  const inPlace = (text: string) => ({
    ...stored(text),
    stream: () => assert.fail('streamed'),
    readInPlace: async (take: (piece: Uint8Array) => void) => take(Buffer.from(text)),
  });
  for (const make of [stored, inPlace]) {
    await verifyInPlace({ content: async () => make('foo') }, id);
    await assert.rejects(
      verifyInPlace({ content: async () => make('fop') }, id),
      coded('ERR_OBJECT_CORRUPT', `${id}.file`),
    );
  }
});

test('the bytes of an object are verified, whether it is opened or streamed', async () => {
  const id = await fileChecksum(object('foo'));
  const streamed = (text: string) => ({
    content: async () => ({ ...object(text), bytes: () => assert.fail() }),
    openContent: () => undefined,
  });
  const opened = (text: string, size = text.length) => ({
    content: () => assert.fail('streamed'),
    openContent: () => {
      const left = { text };
      const read = (memory: Uint8Array) => {
        const bytes = Buffer.from(left.text.slice(0, memory.length));
        left.text = left.text.slice(bytes.length);
        memory.set(bytes);
        return bytes.length;
      };
      return { header, size, read, close: () => {} };
    },
  });
  for (const make of [streamed, opened]) {
    assert.equal((await verifiedBytes(make('foo'), id)).toString(), 'foo');
    await assert.rejects(verifiedBytes(make('fop'), id), coded('ERR_OBJECT_CORRUPT', `${id}.file`));
  }
  for (const size of [2, 4])
    await assert.rejects(verifiedBytes(opened('fo', size), id), coded('ERR_OBJECT_CORRUPT', `${id}.file`));
});

test('metadata is compared with its id, unless it has none', () => {
  const bytes = Buffer.from('anything');
  const id = checksumOf(bytes);
  verifyMetadata('dirtree', id, bytes);
  const wrong = repeatedChecksum('a');
  assert.throws(
    () => verifyMetadata('dirtree', wrong, bytes),
    coded('ERR_OBJECT_CORRUPT', `${wrong}.dirtree`, id),
  );
  verifyMetadata('commitmeta', wrong, bytes);
  verifyMetadata('tombstone-commit', wrong, bytes);
});

const damages: Readonly<Record<string, (path: string) => void>> = {
  'a flipped byte in the middle': (path) => flip(path, 0.5),
  'a flipped byte near the end': (path) => flip(path, 0.999),
  'a truncated file': (path) => truncateSync(path, Math.floor(readFileSync(path).length * 0.6)),
  'trailing garbage': (path) => appendFileSync(path, 'x'),
  'no bytes at all': (path) => truncateSync(path, 0),
};

function flip(path: string, where: number): void {
  const bytes = readFileSync(path);
  const at = Math.floor((bytes.length - 1) * where);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(path, bytes);
}

describe('damaged objects are found in every mode', { skip }, () => {
  const repos = new ModeRepos();
  after(() => repos.remove());

  for (const kind of kinds) {
    test(kind, async (t) => {
      const repo = await repos.open(kind);
      const large = await findLarge(repo.objects);
      const path = join(repo.path, loosePath(large, kind === 'archive' ? 'filez' : 'file'));
      if (kind !== 'archive' && kind !== 'bare-user') unshare(path);
      const good = readFileSync(path);
      for (const [what, damage] of Object.entries(damages)) {
        await t.test(what, async () => {
          damage(path);
          const read = async () => collect(verifiedStream(await repo.objects.content(large), large));
          await assert.rejects(read(), coded('ERR_OBJECT_CORRUPT', large));
          const inPlace = async () => verifyInPlace(repo.objects, large);
          await assert.rejects(inPlace(), coded('ERR_OBJECT_CORRUPT', large));
          writeFileSync(path, good);
          await inPlace();
          assert.equal((await read()).length, LARGE_BYTES);
        });
      }
      await t.test('a missing file', async () => {
        renameSync(path, `${path}.away`);
        await assert.rejects(repo.objects.content(large), coded('ERR_OBJECT_MISSING', large));
        assert.equal(await repo.objects.has({ type: 'file', checksum: large }), false);
        renameSync(`${path}.away`, path);
      });
    });
  }

  async function findLarge(objects: Awaited<ReturnType<ModeRepos['open']>>['objects']): Promise<Checksum> {
    for await (const { type, checksum } of objects.list()) {
      if (type !== 'file') continue;
      const object = await objects.content(checksum);
      if (object.size === LARGE_BYTES && !isSymlink(object.header)) return checksum;
    }
    throw new Error('the hostile tree has no large file');
  }
});
