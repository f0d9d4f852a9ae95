import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import type { FilePlace } from '../../../src/container/rootfs/file-place.ts';
import { finishTarTree } from '../../../src/container/rootfs/finish-tar-tree.ts';
import { nodesOf } from '../../../src/container/rootfs/root-tree.ts';
import { contentRules, type SpecialFiles } from '../../../src/container/rootfs/rules.ts';
import { TarTree } from '../../../src/container/rootfs/tar-tree.ts';
import { END_OF_ARCHIVE } from '../../../src/tar/entry.ts';
import { readForeignEntries } from '../../../src/tar/foreign-entries.ts';
import { coded } from '../../support/expect.ts';
import { inPieces, type MadeEntry, tarArchive, tarEntry } from '../../support/tar-streams.ts';

type Layer = readonly (MadeEntry | Buffer)[];

/** Applies layers, and gives `path: content` of what came of them. */
async function unpacked(
  layers: readonly Layer[],
  { hasWhiteouts = true, special = 'refuse' as SpecialFiles } = {},
) {
  const contents: string[] = [];
  const keep = async (data: AsyncIterable<Uint8Array>): Promise<FilePlace> => {
    contents.push((await collect(data)).toString());
    return { root: '', path: '', start: contents.length - 1, stamp: undefined };
  };
  const tree = new TarTree();
  for (const [layer, entries] of layers.entries()) {
    const made = entries.map((entry) => (Buffer.isBuffer(entry) ? entry : tarEntry(entry)));
    const bytes = Buffer.concat([...made, END_OF_ARCHIVE]);
    await tree.add(readForeignEntries(inPieces(bytes, 1000)), { layer, hasWhiteouts, keep });
  }
  const finished = finishTarTree(tree, { rules: contentRules('keep'), special });
  const shown = [...nodesOf(finished.root)].map(({ path, node }) => {
    if (node.kind === 'file') return `${path}: ${contents[node.place.start]}`;
    return node.kind === 'symlink' ? `${path} -> ${node.target}` : path;
  });
  return { ...finished, shown: shown.toSorted() };
}

const directory = (path: string): MadeEntry => ({ path, type: 'directory', mode: 0o755 });
const file = (path: string, data = path): MadeEntry => ({ path, data });
const symlink = (path: string, target: string): MadeEntry => ({ path, type: 'symlink', target });
const hardlink = (path: string, target: string): MadeEntry => ({ path, type: 'hardlink', target });

test('later layers are put on top of earlier ones', async () => {
  const { shown } = await unpacked([
    [directory('usr'), file('usr/a', 'old'), file('usr/b'), directory('usr/d'), file('usr/d/x')],
    [{ ...directory('./usr/'), mode: 0o700 }, file('usr/a', 'new'), file('usr/d', 'no directory now')],
  ]);
  assert.deepEqual(shown, ['/', '/usr', '/usr/a: new', '/usr/b: usr/b', '/usr/d: no directory now']);
});

test('whiteouts remove names, and opaque directories what lower layers have', async () => {
  const base: Layer = [file('usr/gone/x'), file('usr/a'), file('usr/d/low'), file('usr/d/deep/low')];
  const { shown } = await unpacked([
    base,
    [
      file('usr/.wh.gone', ''),
      file('usr/.wh.none', ''),
      file('usr/d/deep/high'),
      file('usr/d/.wh..wh..opq', ''),
      file('usr/.wh..wh.plnk', ''),
    ],
  ]);
  assert.deepEqual(shown, [
    '/',
    '/usr',
    '/usr/a: usr/a',
    '/usr/d',
    '/usr/d/deep',
    '/usr/d/deep/high: usr/d/deep/high',
  ]);
  const literal = await unpacked([[file('usr/.wh.a', 'kept')]], { hasWhiteouts: false });
  assert.deepEqual(literal.shown, ['/', '/usr', '/usr/.wh.a: kept'], 'in a tar file they are names');
});

test('links in parents are followed within the root', async () => {
  const { shown } = await unpacked([
    [symlink('lib', 'usr/lib'), symlink('abs', '/usr'), symlink('up', '../../../usr'), directory('usr/lib')],
    [file('lib/a'), file('abs/b'), file('up/lib/c')],
  ]);
  assert.deepEqual(
    shown.filter((path) => path.startsWith('/usr/')),
    ['/usr/b: abs/b', '/usr/lib', '/usr/lib/a: lib/a', '/usr/lib/c: up/lib/c'],
  );
});

test('hard links are names of one file, also when its first name is replaced', async () => {
  const { shown, root } = await unpacked([
    [file('usr/a', 'same'), hardlink('usr/b', './usr/a'), symlink('s', 'usr'), hardlink('usr/c', 's/a')],
    [file('usr/a', 'other')],
  ]);
  assert.deepEqual(shown.slice(2), ['/usr', '/usr/a: other', '/usr/b: same', '/usr/c: same']);
  const usr = root.entries.get('usr');
  assert.ok(usr?.kind === 'directory' && usr.entries.get('b') === usr.entries.get('c'));
});

test('the time is of the root, else of the newest entry', async () => {
  assert.equal((await unpacked([[file('usr/a')]])).changed, 0);
});

const REFUSED: readonly (readonly [string, Layer, string])[] = [
  ['a name that leaves the root', [file('../x')], 'leads out'],
  ['a name that leaves a directory', [file('usr/../../x')], 'leads out'],
  ['a link to what leaves the root', [hardlink('a', '../../etc/passwd')], 'leads out'],
  ['a hard link to nothing', [hardlink('a', 'none')], 'links to none'],
  ['a hard link to a directory', [directory('d'), hardlink('a', 'd')], 'links to d'],
  ['a parent that is a file', [file('a'), file('a/b')], 'not a directory'],
  ['links in a circle', [symlink('a', 'b'), symlink('b', 'a'), file('a/x')], 'circle'],
  ['a name that is not UTF-8', [file('\uFFFD')], 'UTF-8'],
  ['a path longer than any system has', [file(`${'d/'.repeat(3000)}x`)], 'longer'],
  ['a target longer than any system has', [symlink('a', 't'.repeat(5000))], 'longer'],
  ['a root that is a file', [file('.')], 'root'],
];

for (const [what, entries, message] of REFUSED) {
  test(`${what} is refused`, async () => {
    await assert.rejects(unpacked([entries]), coded('ERR_ROOTFS_ENTRY', message));
  });
}

/** Changes the type flag of the only entry. */
function ofType(flag: string): Buffer {
  const bytes = tarArchive([{ path: 'usr/special' }]).subarray(0, 512);
  bytes.write(flag, 156, 'latin1');
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((all, byte) => all + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

test('special files are refused or left out, sparse ones are refused', async () => {
  for (const flag of ['3', '4', '6']) {
    await assert.rejects(unpacked([[ofType(flag)]]), coded('ERR_ROOTFS_ENTRY', '/usr/special'));
    const { notes, shown } = await unpacked([[ofType(flag)]], { special: 'skip' });
    assert.deepEqual([notes.length, shown], [1, ['/', '/usr']]);
  }
  await assert.rejects(unpacked([[ofType('S')]]), coded('ERR_ROOTFS_ENTRY', 'sparse'));
});
