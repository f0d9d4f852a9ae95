import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type ArchiveIndex, indexArchive } from '../../../src/oci/read/archive-index.ts';
import { encodeHeader } from '../../../src/tar/header.ts';
import { coded } from '../../support/expect.ts';
import { unlessInstalled } from '../../support/programs.ts';
import { run, testFolder } from '../../support/small-image.ts';
import { tarArchive } from '../../support/tar-streams.ts';

const LONG = `${'deep/'.repeat(40)}file`;

async function indexOf(t: TestContext, bytes: Buffer): Promise<ArchiveIndex> {
  const path = join(await testFolder(t), 'archive.tar');
  await writeFile(path, bytes);
  await using file = await open(path);
  return await indexArchive(file, path);
}

test('files are found by path, wherever they lie; the later of two counts', async (t) => {
  const archive = tarArchive([
    { path: './a', data: 'old' },
    { path: 'd/', type: 'directory' },
    { path: LONG, data: 'long' },
    { path: 'a', data: 'newer' },
    { path: 'l', type: 'symlink', target: 'a' },
  ]);
  const index = await indexOf(t, archive);
  assert.deepEqual([...index.keys()], ['a', LONG]);
  const { offset, size } = index.get('a') ?? { offset: 0, size: 0 };
  assert.equal(archive.toString('utf8', offset, offset + size), 'newer');
});

for (const format of ['ustar', 'gnu', 'pax', 'v7']) {
  test(`the ${format} archives of GNU tar are read`, { skip: unlessInstalled('tar') }, async (t) => {
    const folder = await testFolder(t);
    const name = format === 'v7' ? 'short' : `${'d'.repeat(60)}/${'n'.repeat(60)}`;
    await run('mkdir', ['-p', join(folder, 'in', name, '..')]);
    await writeFile(join(folder, 'in', name), 'content');
    const path = join(folder, 'x.tar');
    await run('tar', ['--format', format, '-C', join(folder, 'in'), '-cf', path, '.']);
    await using file = await open(path);
    const member = (await indexArchive(file, path)).get(name);
    const { buffer } = await file.read(Buffer.alloc(7), 0, 7, member?.offset ?? 0);
    assert.equal(member?.size, 7);
    assert.equal(buffer.toString(), 'content');
  });
}

test('sizes from 8 GiB on are read, in both encodings', {
  skip: unlessInstalled('tar', 'truncate'),
}, async (t) => {
  const folder = await testFolder(t);
  const size = 9 * 1024 ** 3;
  await run('truncate', ['--size', String(size), join(folder, 'big')]);
  await writeFile(join(folder, 'after'), 'x');
  for (const format of ['gnu', 'pax']) {
    const path = join(folder, `${format}.tar`);
    // The data of the big file is a hole in the archive as well.
    const header = await run(
      'sh',
      ['-c', `tar --format ${format} -C ${folder} -cf - big | head -c 4096`],
      BINARY,
    );
    await using file = await open(path, 'w+');
    const start = header.stdout.lastIndexOf('ustar') - 257 + 512;
    await file.write(header.stdout.subarray(0, start), 0, start, 0);
    const end = tarArchive([{ path: 'after', data: 'x' }]);
    await file.write(end, 0, end.length, start + size);
    const index = await indexArchive(file, path);
    assert.deepEqual(index.get('big'), { offset: start, size });
    assert.deepEqual(index.get('after'), { offset: start + size + 512, size: 1 });
  }
});

const BINARY = { encoding: 'buffer' } as const;

test('what is no uncompressed tar is refused', async (t) => {
  const tar = tarArchive([{ path: 'a', data: 'x' }]);
  const flipped = Buffer.from(tar);
  flipped[100] = 0x31;
  const negative = encodeHeader({ path: 'a', type: 'file', mode: 0, uid: 0, gid: 0, size: 0, target: '' });
  negative.fill(0xff, 124, 136);
  for (const bytes of [
    gzipSync(tar),
    Buffer.alloc(0),
    Buffer.from('text'),
    tar.subarray(0, 300),
    flipped,
    negative,
  ]) {
    await assert.rejects(indexOf(t, bytes), coded('ERR_IMAGE_UNSUPPORTED', 'archive.tar', 'uncompressed'));
  }
});
