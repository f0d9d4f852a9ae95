import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { objectPath } from '../../src/tar/layout.ts';
import { pieceBytes } from '../../src/tar/piece-checks.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { type FileChanges, replaceCommitmeta, replaceFiles } from '../../src/tar/replace-entries.ts';
import { TarWriter } from '../../src/tar/writer.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const COMMIT = repeatedChecksum('c');
const OTHER = repeatedChecksum('d');
const META = objectPath(COMMIT, 'commitmeta');
const HOME = 'sysroot/ostree/repo/extensions/treeport/repo';

type File = readonly [path: string, bytes: string];

function tarOf(files: readonly File[], hasSkeleton = true): Buffer {
  const writer = new TarWriter();
  if (hasSkeleton) writer.repository();
  for (const [path, bytes] of files) writer.file(path, Buffer.from(bytes));
  return Buffer.concat(pieceBytes(writer.end()));
}

/** In pieces of odd sizes. */
async function* pieces(tar: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < tar.length; at += 777) yield tar.subarray(at, at + 777);
}

function replaced(tar: Buffer, detached: Buffer | undefined = Buffer.from('new')): Promise<Buffer> {
  return collect(replaceCommitmeta(pieces(tar), COMMIT, detached));
}

const TAIL: readonly File[] = [
  [objectPath(OTHER, 'commitmeta'), 'of another commit'],
  [objectPath(OTHER, 'dirtree'), 'x'.repeat(1000)],
];
const HEAD: File = [objectPath(COMMIT, 'commit'), 'the commit'];

for (const [what, files] of [
  ['none', [HEAD, ...TAIL]],
  ['one after the commit', [HEAD, [META, 'old'], ...TAIL]],
  ['one elsewhere', [HEAD, ...TAIL, [META, 'old']]],
] as const) {
  test(`the new metadata follows the commit: there was ${what}`, async () => {
    const tar = tarOf(files);
    assert.deepEqual(await replaced(tar), tarOf([HEAD, [META, 'new'], ...TAIL]));
    assert.deepEqual(
      await collect(replaceCommitmeta(pieces(tar), COMMIT, undefined)),
      tarOf([HEAD, ...TAIL]),
    );
  });
}

test('in a published repo entries are replaced where they are, dropped, and added in the order of paths', async () => {
  const path = (name: string) => `${HOME}/${name}`;
  const meta = path(loosePath(COMMIT, 'commitmeta'));
  const changed = (files: readonly File[], changes: FileChanges, ...added: readonly string[]) =>
    collect(replaceFiles(pieces(tarOf(files, false)), changes, new Set(added)));
  const files = (bytes: string): readonly File[] => [[path('config'), 'c'], [meta, bytes], ...TAIL];
  const replacing = await changed(files('old'), new Map([[meta, Buffer.from('new')]]));
  assert.ok(replacing.equals(tarOf(files('new'), false)));
  assert.ok((await changed(files('old'), new Map())).equals(tarOf(files('old'), false)));
  const short: readonly File[] = [
    [path('config'), 'c'],
    [path('summary'), 's'],
  ];
  const dropped = await changed(short, new Map([[path('config'), undefined]]));
  assert.ok(dropped.equals(tarOf(short.slice(1), false)));
  const names = ['a', 'd', 'objects/aa', 'z'].map(path);
  const news = new Map(names.map((name) => [name, Buffer.from(name)]));
  const all = await changed(short, news, ...names.toReversed());
  const [a, d, object, z] = names.map((name): File => [name, name]) as [File, File, File, File];
  const entries: File[] = [];
  for await (const { path: found, data } of readEntries(pieces(all)))
    entries.push([found, (await collect(data)).toString()]);
  assert.deepEqual(entries, [a, short[0], d, object, short[1], z]);
});

test('a stream that is cut off never ends cleanly', async () => {
  const tar = tarOf([HEAD, [META, 'old'], ...TAIL]);
  const end = tar.length - 1024;
  for (let length = 512; length < end; length += 501)
    await assert.rejects(replaced(tar.subarray(0, length)), coded('ERR_TAR'), `${length}`);
  const paths: string[] = [];
  for await (const { path } of readEntries(pieces(await replaced(tar)))) paths.push(path);
  assert.equal(paths.filter((path) => path === META).length, 1);
});
