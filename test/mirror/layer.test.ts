import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { layerTar } from '../../src/mirror/layer.ts';
import { fileFromBytes, type LayerNode } from '../../src/mirror/layer-file.ts';
import { readEntries } from '../../src/tar/read-entries.ts';

const NODES: readonly LayerNode[] = [
  { ...fileFromBytes('bin/node', Buffer.from('a program')), executable: true },
  fileFromBytes('lib/libc.so.6', Buffer.alloc(100_000, 7)),
  { kind: 'directory', path: 'repo' },
  { kind: 'directory', path: 'repo/refs/heads' },
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
 * What a client that imports an image as an OS makes of an entry of a derived layer: it keeps `usr`, `etc`, `var` and the
 * directories that containers mount over, and looks for objects below the repository.
 */
function isKeptByClients(path: string): boolean {
  const [top] = path.replace(/^(?:\.?\/)+/, '').split('/');
  return ['usr', 'etc', 'var', 'run', 'tmp', 'proc', 'sys', 'dev'].includes(top as string);
}

test('a layer has only paths that importing clients drop', async () => {
  const paths = (await entriesOf(layerTar(NODES))).map(({ path }) => path);
  assert.equal(paths.length, 13);
  for (const path of paths) {
    assert.equal(isKeptByClients(path), false, path);
    assert.doesNotMatch(path, /^sysroot\/ostree/);
    assert.doesNotMatch(path, /(?:^|\/)\.\.?(?:\/|$)/);
    assert.match(path, /^sysroot(?:\/treeport(?:\/|$)|$)/);
  }
});

test('everything is root’s and readable by all; directories come before what is in them', async () => {
  const seen = new Set<string>();
  for (const { path, type, mode, uid, gid } of await entriesOf(layerTar(NODES))) {
    assert.deepEqual([uid, gid], [0, 0]);
    const isProgram = path.endsWith('bin/node');
    assert.equal(mode, type === 'directory' || isProgram ? 0o755 : 0o644, path);
    const parent = path.slice(0, path.lastIndexOf('/'));
    assert.ok(!path.includes('/') || seen.has(parent), path);
    assert.ok(!seen.has(path), `${path} twice`);
    seen.add(path);
  }
});

test('contents are what they were', async () => {
  const entries = await entriesOf(layerTar(NODES));
  const contentOf = (path: string) => entries.find((entry) => entry.path === path)?.content;
  assert.equal(contentOf('sysroot/treeport/bin/node'), 'a program');
  assert.equal(contentOf('sysroot/treeport/lib/libc.so.6'), '\x07'.repeat(100_000));
  assert.equal(contentOf('sysroot/treeport/repo/empty'), '');
});

test('every time is 0', async () => {
  const tar = await collect(layerTar(NODES));
  const isHeader = (at: number) => tar.toString('latin1', at + 257, at + 262) === 'ustar';
  const headers = Array.from({ length: tar.length / 512 }, (_, block) => block * 512).filter(isHeader);
  assert.ok(headers.length >= 13);
  for (const at of headers) assert.equal(tar.toString('latin1', at + 136, at + 148), '00000000000\0');
});

test('equal files give equal bytes', async () => {
  const digest = async () => hash('sha256', await collect(layerTar(NODES)));
  assert.equal(await digest(), await digest());
});

test('a closed root directory is opened on demand only', async () => {
  assert.equal((await entriesOf(layerTar(NODES)))[0]?.path, 'sysroot');
  const [root] = await entriesOf(layerTar(NODES, { openRoot: true }));
  assert.deepEqual([root?.path, root?.type, root?.mode], ['./', 'directory', 0o755]);
});

test('a file that has changed its size meanwhile ends the layer with an error', async () => {
  const lying = { ...fileFromBytes('x', Buffer.from('four')), size: 5 };
  await assert.rejects(collect(layerTar([lying])), {
    code: 'ERR_IO',
    message: /sysroot\/treeport\/x changed/,
  });
});
