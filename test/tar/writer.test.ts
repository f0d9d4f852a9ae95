import assert from 'node:assert/strict';
import test from 'node:test';
import { pieceBytes } from '../../src/tar/piece-checks.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { TarWriter } from '../../src/tar/writer.ts';
import { inPieces } from '../support/tar-streams.ts';

test('the offset behind a header is that of its data', async () => {
  const writer = new TarWriter();
  const placed = new Map<string, readonly [number, Buffer]>();
  writer.repository();
  for (const size of [0, 1, 511, 512, 513, 100_000, 700_000]) {
    const path = `${'long/'.repeat(size % 40)}of-${size}`;
    const data = Buffer.alloc(size, String(size));
    writer.header({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, size, target: '' });
    placed.set(path, [writer.offset, data]);
    writer.data(data);
    writer.pad(size);
  }
  const before = writer.offset;
  const tar = Buffer.concat(pieceBytes(writer.end()));
  assert.equal(tar.length, writer.offset);
  assert.equal(before + 1024, writer.offset);
  for (const [path, [offset, data]] of placed)
    assert.ok(tar.subarray(offset, offset + data.length).equals(data), path);
  let count = 0;
  for await (const { path } of readEntries(inPieces(tar))) count += placed.has(path) ? 1 : 0;
  assert.equal(count, placed.size);
});
