import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { fileFromBytes, type LayerFile, layerTar, layerTarBytes } from '../../src/mirror/layer.ts';
import { readEntries } from '../../src/tar/read-entries.ts';

const FILES: readonly LayerFile[] = [
  { ...fileFromBytes('bin/node', Buffer.from('a program')), executable: true },
  fileFromBytes('lib/libc.so.6', Buffer.alloc(100_000, 7)),
  fileFromBytes(`repo/objects/ab/${'c'.repeat(62)}.filez`, Buffer.from('filez')),
  fileFromBytes('repo/empty', Buffer.alloc(0)),
];

async function entriesOf(tar: AsyncIterable<Uint8Array>) {
  const entries = [];
  for await (const { path, type, mode, uid, gid, data } of readEntries(tar)) {
    entries.push({ path, type, mode, uid, gid, content: String(await collect(data)) });
  }
  return entries;
}

/**
 * All that importing clients drop, whatever the OS: a directory entry they keep where composefs is enabled.
 */
test('a layer has nothing but regular files below the mirror’s home', async () => {
  const entries = await entriesOf(layerTar(FILES));
  assert.deepEqual(
    entries.map(({ path, type }) => [type, path]),
    FILES.map(({ path }) => ['file', `sysroot/ostree/repo/extensions/treeport/${path}`]),
  );
});

test('everything is root’s and readable by all', async () => {
  for (const { path, mode, uid, gid } of await entriesOf(layerTar(FILES))) {
    assert.deepEqual([uid, gid, mode], [0, 0, path.endsWith('bin/node') ? 0o755 : 0o644], path);
  }
});

test('the size of the tar is known before it is written', async () => {
  const long = fileFromBytes(`repo/${'x'.repeat(90)}`, Buffer.alloc(512));
  for (const files of [FILES, [...FILES, long], []])
    assert.equal(layerTarBytes(files), (await collect(layerTar(files))).length);
});

test('contents are what they were', async () => {
  const entries = await entriesOf(layerTar(FILES));
  const contentOf = (path: string) => entries.find((entry) => entry.path === path)?.content;
  const home = 'sysroot/ostree/repo/extensions/treeport';
  assert.equal(contentOf(`${home}/bin/node`), 'a program');
  assert.equal(contentOf(`${home}/lib/libc.so.6`), '\x07'.repeat(100_000));
  assert.equal(contentOf(`${home}/repo/empty`), '');
});

test('the time of every file is 1: of time 0 they would be parts of the commit for clients', async () => {
  const tar = await collect(layerTar(FILES));
  const at = Array.from({ length: tar.length / 512 }, (_, block) => block * 512);
  const headers = at.filter((header) => tar.toString('latin1', header + 257, header + 262) === 'ustar');
  const ofFiles = headers.filter((header) => tar.toString('latin1', header + 156, header + 157) === '0');
  assert.equal(ofFiles.length, FILES.length);
  for (const header of ofFiles) {
    assert.equal(tar.toString('latin1', header + 136, header + 148), '00000000001\0');
  }
});

test('the bytes are these', async () => {
  const digest = hash('sha256', await collect(layerTar(FILES, { openRoot: true })));
  assert.equal(digest, '35e0d69ced963a2fc0487e294c82ee527f2d321ed52785cfdd39e91bb5853842');
});

test('equal files give equal bytes', async () => {
  const digest = async () => hash('sha256', await collect(layerTar(FILES)));
  assert.equal(await digest(), await digest());
});

test('a closed root directory is opened on demand only', async () => {
  assert.equal((await entriesOf(layerTar(FILES)))[0]?.type, 'file');
  const [root] = await entriesOf(layerTar(FILES, { openRoot: true }));
  assert.deepEqual([root?.path, root?.type, root?.mode], ['./', 'directory', 0o755]);
});

test('a file that has changed its size meanwhile ends the layer with an error', async () => {
  const lying = { ...fileFromBytes('x', Buffer.from('four')), size: 5 };
  await assert.rejects(collect(layerTar([lying])), {
    code: 'ERR_IO',
    message: /extensions\/treeport\/x changed/,
  });
});
