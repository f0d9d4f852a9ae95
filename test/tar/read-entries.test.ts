import assert from 'node:assert/strict';
import test from 'node:test';
import { paxXattrs } from '../../src/tar/entry.ts';
import { type ReadEntry, readEntries } from '../../src/tar/read-entries.ts';
import { coded } from '../support/expect.ts';
import { inPieces, type MadeEntry, tarArchive, tarEntry } from '../support/tar-streams.ts';

type Read = Omit<ReadEntry, 'data'> & { readonly content: string };

async function readAll(tar: AsyncIterable<Uint8Array>): Promise<readonly Read[]> {
  const entries: Read[] = [];
  for await (const { data, ...header } of readEntries(tar)) {
    const pieces: Buffer[] = [];
    for await (const piece of data) pieces.push(piece);
    entries.push({ ...header, content: Buffer.concat(pieces).toString() });
  }
  return entries;
}

const ENTRIES: readonly MadeEntry[] = [
  { path: './', type: 'directory', mode: 0o755 },
  { path: 'owned', mode: 0o4755, uid: 3_000_000, gid: 4_294_967_295, data: 'x'.repeat(1025) },
  { path: `long/${'p'.repeat(300)}`, type: 'symlink', target: `${'t/'.repeat(200)}end` },
  { path: 'empty' },
  { path: 'ü', type: 'hardlink', target: 'owned' },
];

for (const size of [1, 511, 512, 1_000_000]) {
  test(`entries are read from pieces of ${size} bytes`, async () => {
    const found = await readAll(inPieces(tarArchive(ENTRIES), size));
    assert.deepEqual(
      found.map(({ path, type, mode, uid, gid, target, content }) => [
        path,
        type,
        mode,
        uid,
        gid,
        target,
        content,
      ]),
      [
        ['./', 'directory', 0o755, 0, 0, '', ''],
        ['owned', 'file', 0o4755, 3_000_000, 4_294_967_295, '', 'x'.repeat(1025)],
        [`long/${'p'.repeat(300)}`, 'symlink', 0o644, 0, 0, `${'t/'.repeat(200)}end`, ''],
        ['empty', 'file', 0o644, 0, 0, '', ''],
        ['ü', 'link', 0o644, 0, 0, 'owned', ''],
      ],
    );
  });
}

test('PAX path, size and owners are honoured', async () => {
  const records = ['path=long/path', 'uid=3000001', 'gid=7', 'size=5'].map(paxRecord).join('');
  const pax = tarArchive([{ path: 'pax', data: records }]).subarray(0, 1024);
  pax.write('x', 156, 'latin1');
  resum(pax);
  const [entry] = await readAll(
    inPieces(Buffer.concat([pax, tarArchive([{ path: 'short', data: 'hello' }])])),
  );
  assert.deepEqual(
    [entry?.path, entry?.uid, entry?.gid, entry?.content],
    ['long/path', 3_000_001, 7, 'hello'],
  );
});

test('a size in PAX that is no size is a fault, and is not read', async () => {
  for (const size of ['-1', '-512', '1e308', 'NaN', '99999999999999999999']) {
    const pax = tarArchive([{ path: 'pax', data: paxRecord(`size=${size}`) }]).subarray(0, 1024);
    pax.write('x', 156, 'latin1');
    resum(pax);
    const tar = Buffer.concat([pax, tarArchive([{ path: 'file', data: 'hello' }])]);
    await assert.rejects(readAll(inPieces(tar)), coded('ERR_TAR'), size);
  }
});

test('extended attributes and PAX records come as bytes, and times with their fraction', async () => {
  const xattrs = [
    { name: Buffer.from('user.\xff', 'latin1'), value: Buffer.from([0, 0xff, 0x0a, 0x3d]) },
    { name: Buffer.from('security.capability'), value: Buffer.alloc(0) },
  ];
  const time = tarArchive([{ path: 'pax', data: paxRecord('mtime=1234.5') }]).subarray(0, 1024);
  time.write('x', 156, 'latin1');
  resum(time);
  const archive = Buffer.concat([
    ...paxXattrs(xattrs),
    tarEntry({ path: 'attributes', mtime: 7 }),
    time,
    tarEntry({ path: 'time', mtime: 7 }),
    tarArchive([{ path: 'plain', mtime: 8 ** 11 }]),
  ]);
  const [attributes, timed, plain] = await readAll(inPieces(archive, 100));
  assert.deepEqual(attributes?.xattrs, xattrs);
  assert.deepEqual(attributes?.pax.get('SCHILY.xattr.security.capability'), Buffer.alloc(0));
  assert.deepEqual([timed?.mtime, timed?.xattrs, timed?.pax.size], [1234.5, [], 1]);
  assert.deepEqual([attributes?.mtime, plain?.mtime, plain?.pax.size], [7, 8 ** 11, 0]);
});

test('binary PAX values do not disturb the entry behind them', async () => {
  const pax = Buffer.concat(paxXattrs([{ name: Buffer.from('user.b'), value: Buffer.from('\n9 x=1\n\0') }]));
  const [entry] = await readAll(inPieces(Buffer.concat([pax, tarArchive([{ path: 'file', data: 'data' }])])));
  assert.deepEqual([entry?.path, entry?.content], ['file', 'data']);
});

test('global PAX records hold for all entries, those of an entry and long names come first', async () => {
  const extension = (flag: string, data: string) => {
    const block = tarArchive([{ path: 'pax', data }]).subarray(0, 1024);
    block.write(flag, 156, 'latin1');
    resum(block);
    return block;
  };
  const archive = Buffer.concat([
    extension('g', ['uid=7', 'gid=9'].map(paxRecord).join('')),
    extension('x', paxRecord('uid=8')),
    tarArchive([{ path: 'a' }]).subarray(0, 512),
    extension('x', paxRecord('path=pax')),
    extension('L', 'long\0'),
    tarArchive([{ path: 'b' }]),
  ]);
  const read = await readAll(inPieces(archive));
  assert.deepEqual(
    read.map(({ path, uid, gid }) => [path, uid, gid]),
    [
      ['a', 8, 9],
      ['long', 7, 9],
    ],
  );
});

test('what is no header, too long or behind the end is ERR_TAR', async () => {
  const long = tarArchive([{ path: 'x' }]).subarray(0, 512);
  long.write('x', 156, 'latin1');
  long.write('77777777777', 124, 'latin1');
  resum(long);
  await assert.rejects(readAll(inPieces(long)), coded('ERR_TAR', 'too long'));
  const archive = tarArchive([{ path: 'x' }]);
  const twice = Buffer.concat([archive, archive]);
  await assert.rejects(readAll(inPieces(twice)), coded('ERR_TAR', 'follows its end'));
  const padded = Buffer.concat([archive, Buffer.alloc(10_000)]);
  assert.equal((await readAll(inPieces(padded))).length, 1);
});

test('data that is not read, or only begun, is skipped', async () => {
  const archive = tarArchive(['a', 'b', 'c'].map((path) => ({ path, data: path.repeat(300_000) })));
  const paths: string[] = [];
  for await (const entry of readEntries(inPieces(archive, 4096))) {
    paths.push(entry.path);
    if (entry.path === 'b') for await (const _piece of entry.data) break;
  }
  assert.deepEqual(paths, ['a', 'b', 'c']);
});

test('a consumer that stops closes the stream', async () => {
  const closed: string[] = [];
  async function* source(): AsyncGenerator<Buffer> {
    try {
      yield* inPieces(tarArchive([{ path: 'a', data: 'a'.repeat(1_000_000) }]), 4096);
    } finally {
      closed.push('closed');
    }
  }
  for await (const _entry of readEntries(source())) break;
  assert.deepEqual(closed, ['closed']);
});

test('an error of the stream is thrown as it is, also into the data', async () => {
  async function* failing(bytes: number): AsyncGenerator<Buffer> {
    yield* inPieces(tarArchive([{ path: 'a', data: 'a'.repeat(5000) }]).subarray(0, bytes));
    throw new RangeError('the wire broke');
  }
  await assert.rejects(readAll(failing(512)), RangeError);
  await assert.rejects(readAll(failing(2000)), RangeError);
});

test('a stream that is cut off anywhere is ERR_TAR', async () => {
  const archive = tarArchive([
    { path: 'a', data: 'x'.repeat(700) },
    { path: 'p'.repeat(200), data: 'y' },
  ]);
  for (const length of [0, 1, 512, 700, 1024, 1535, 1536, 2048, 2560, 3072, archive.length - 1024]) {
    await assert.rejects(
      readAll(inPieces(archive.subarray(0, length))),
      { code: 'ERR_TAR' },
      `${length} bytes`,
    );
  }
  assert.equal((await readAll(inPieces(archive))).length, 2);
});

test('errors say where their entry begins', async () => {
  const archive = tarArchive([
    { path: 'a', data: 'x'.repeat(700) },
    { path: 'b', data: 'y'.repeat(700) },
  ]);
  const at = (byte: number) => coded('ERR_TAR', `(entry at byte ${byte}, uncompressed)`);
  for (const piece of [100, 5000]) {
    const broken = Buffer.from(archive);
    broken.write('nonsense', 1536);
    await assert.rejects(readAll(inPieces(broken, piece)), at(1536));
    await assert.rejects(readAll(inPieces(archive.subarray(0, 2100), piece)), at(1536));
    await assert.rejects(readAll(inPieces(archive.subarray(0, 1100), piece)), at(0));
  }
});

test('what is not a tar stream is ERR_TAR', async () => {
  await assert.rejects(readAll(inPieces(Buffer.alloc(4096, 'no tar '))), { code: 'ERR_TAR' });
});

function paxRecord(text: string): string {
  const length = text.length + 4;
  return `${length < 10 ? '0' : ''}${length} ${text}\n`;
}

/** Sets the checksum of a changed header block. */
function resum(block: Buffer): void {
  block.fill(' ', 148, 156, 'latin1');
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(7, '0')}\0`, 148, 'latin1');
}
