import assert from 'node:assert/strict';
import test from 'node:test';
import { collect } from '../../src/base/bytes.ts';
import { loosePath } from '../../src/ostree/object-name.ts';
import { objectPath } from '../../src/tar/layout.ts';
import { pieceBytes } from '../../src/tar/piece-checks.ts';
import { readEntries } from '../../src/tar/read-entries.ts';
import { type ReplaceOptions, replaceCommitmeta } from '../../src/tar/replace-commitmeta.ts';
import { TarWriter } from '../../src/tar/writer.ts';
import { repeatedChecksum } from '../support/checksums.ts';
import { coded } from '../support/expect.ts';

const COMMIT = repeatedChecksum('c');
const OTHER = repeatedChecksum('d');
const META = objectPath(COMMIT, 'commitmeta');
const HOME = 'sysroot/ostree/repo/extensions/treeport/repo';

type File = readonly [path: string, bytes: string];

function tarOf(files: readonly File[]): Buffer {
  const writer = new TarWriter();
  writer.repository();
  for (const [path, bytes] of files) writer.file(path, Buffer.from(bytes));
  return Buffer.concat(pieceBytes(writer.end()));
}

/** In pieces of odd sizes. */
async function* pieces(tar: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < tar.length; at += 777) yield tar.subarray(at, at + 777);
}

function replaced(tar: Buffer, options: Partial<ReplaceOptions> = {}): Promise<Buffer> {
  const layer = { kind: 'ostree' } as const;
  return collect(
    replaceCommitmeta(pieces(tar), { commit: COMMIT, detached: Buffer.from('new'), layer, ...options }),
  );
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
    assert.deepEqual(await replaced(tar, { detached: undefined }), tarOf([HEAD, ...TAIL]));
  });
}

test('in a published repo the entry is replaced where it is, and nothing is added', async () => {
  const path = `${HOME}/${loosePath(COMMIT, 'commitmeta')}`;
  const layer = { kind: 'published', repo: HOME } as const;
  const files = (bytes: string): readonly File[] => [[`${HOME}/config`, 'c'], [path, bytes], ...TAIL];
  assert.deepEqual(await replaced(tarOf(files('old')), { layer }), tarOf(files('new')));
  const without = tarOf([[`${HOME}/config`, 'c'], HEAD, [META, 'embedded']]);
  assert.deepEqual(await replaced(without, { layer }), without);
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
