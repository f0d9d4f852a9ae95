import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { libcXattrs } from '../../src/native/libc/xattrs.ts';
import { parseDict } from '../../src/ostree/metadata-dict.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { readCommitHead } from '../../src/tar/commit-head.ts';
import { exportCommit } from '../../src/tar/export-commit.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { coded } from '../support/expect.ts';
import { FIXTURE_DETACHED, writeOstreeFixture } from '../support/ostree-fixture.ts';
import { oneFileTar } from '../support/small-image.ts';
import { inPieces } from '../support/tar-streams.ts';

/** Counts what is read of a stream, and notes that it was closed. */
class Watched {
  bytes = 0;
  closed = false;

  async *read(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of stream) {
        this.bytes += piece.length;
        yield piece;
      }
    } finally {
      this.closed = true;
    }
  }
}

async function exported(t: test.TestContext, detached?: Buffer) {
  const path = join(await tempDir(t), 'repo');
  const { commit } = await writeOstreeFixture(path, detached === undefined ? {} : { detached });
  const { objects } = await openRepository(path, { xattrs: libcXattrs });
  return { commit, objects, bytes: await objects.metadata('commit', commit) };
}

test('the commit and its detached metadata, and no more is read', async (t) => {
  const { commit, objects, bytes } = await exported(t, FIXTURE_DETACHED);
  const watched = new Watched();
  const tar = await collect(exportCommit(objects, commit));
  const head = await readCommitHead(watched.read(inPieces(tar, 4096)));
  assert.equal(head.commit, commit);
  assert.deepEqual(head.bytes, bytes);
  assert.deepEqual([...parseDict(head.detached ?? Buffer.alloc(0)).keys()], ['my-detached-key']);
  assert.equal(watched.closed, true);
  const further = watched.bytes - tar.indexOf('.commitmeta');
  assert.ok(further < 32 * 1024, `${further} bytes were read behind the name of the metadata`);
});

test('a commit without detached metadata', async (t) => {
  const { commit, objects, bytes } = await exported(t);
  const head = await readCommitHead(exportCommit(objects, commit));
  assert.deepEqual(head, { commit, bytes, detached: undefined });
});

test('a stream without a commit', async () => {
  await assert.rejects(
    readCommitHead(inPieces(oneFileTar('no object'))),
    coded('ERR_TAR_OBJECT', 'no commit'),
  );
});
