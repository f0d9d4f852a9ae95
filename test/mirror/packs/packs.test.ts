import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import {
  cpSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { collect } from '../../../src/base/bytes.ts';
import { Packs } from '../../../src/mirror/packs/packs.ts';
import { writePacks } from '../../../src/mirror/packs/write.ts';
import { assumeChecksum, type Checksum, checksumOf } from '../../../src/ostree/checksum.ts';
import { type FileHeader, hashedHeader, S_IFREG, SYMLINK_MODE } from '../../../src/ostree/file-header.ts';
import { encodeSmallFilez } from '../../../src/ostree/filez.ts';
import { CANONICAL_LEVEL, encoderId } from '../../../src/ostree/verified-filez.ts';
import { NO_XATTRS, serializeXattrs } from '../../../src/ostree/xattrs.ts';

const PLAIN: FileHeader = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: NO_XATTRS };

type Sample = {
  readonly checksum: Checksum;
  readonly length: number;
  readonly filez: Buffer;
  readonly bytes: Buffer;
};

function sample(bytes: Buffer, header: FileHeader = PLAIN): Sample {
  const checksum = checksumOf(Buffer.concat([hashedHeader(header), bytes]));
  const filez = encodeSmallFilez(header, bytes);
  return { checksum, length: filez.length, filez, bytes };
}

const LONG_XATTRS = serializeXattrs([{ name: Buffer.from('user.big'), value: Buffer.alloc(400_000, 1) }]);
const SAMPLES: readonly Sample[] = [
  sample(Buffer.from('text')),
  sample(Buffer.alloc(0)),
  sample(Buffer.alloc(0), { ...PLAIN, mode: SYMLINK_MODE, target: '../to' }),
  sample(randomBytes(3_000_000)),
  sample(Buffer.alloc(2_000_000)),
  sample(Buffer.from('many attributes'), { ...PLAIN, xattrs: LONG_XATTRS }),
];

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'treeport-packs-'));
});
after(() => rm(directory, { recursive: true }));

async function written(samples: readonly Sample[] = SAMPLES): Promise<string> {
  const path = await mkdtemp(join(directory, 'repo-'));
  await writePacks(path, samples, async function* ({ checksum }) {
    const { filez } = samples.find((of) => of.checksum === checksum) as Sample;
    yield filez.subarray(0, 3);
    yield filez.subarray(3);
  });
  return path;
}

const indexOf = (path: string) => join(path, 'packs/index');
const packsOf = (path: string) => readdirSync(join(path, 'packs')).filter((name) => name.endsWith('.pack'));

test('every object is found as it was written, and no other', async () => {
  const packs = Packs.open(await written()) as Packs;
  assert.equal(packs.encoder, encoderId(CANONICAL_LEVEL));
  for (const { checksum, length, bytes } of SAMPLES) {
    assert.equal(packs.find(checksum)?.length, length);
    const content = await packs.content(checksum);
    assert.deepEqual(await collect(content.stream()), bytes);
    assert.equal(content.size, bytes.length);
  }
  const missing = checksumOf(Buffer.from('missing'));
  assert.equal(packs.find(missing), undefined);
  await assert.rejects(packs.content(missing), { code: 'ERR_OBJECT_MISSING' });
  packs.close();
});

test('thousands of objects are found in packs that are named by their sums', async () => {
  const many = Array.from({ length: 3000 }, (_, i) =>
    sample(Buffer.from(`object ${i} `.repeat(1 + (i % 200)))),
  );
  const large = Array.from({ length: 20 }, () => sample(randomBytes(1_000_000)));
  const path = await written([...many.slice(0, 1500), ...large, ...many.slice(1500)]);
  const names = packsOf(path);
  assert.ok(names.length > 1, `${names.length} packs`);
  for (const name of names) {
    assert.equal(name, `${hash('sha256', readFileSync(join(path, 'packs', name)))}.pack`);
  }
  assert.deepEqual(readdirSync(join(path, 'packs')).toSorted(), [...names, 'index'].toSorted());
  const packs = Packs.open(path) as Packs;
  for (const { checksum, length } of [...many, ...large]) assert.equal(packs.find(checksum)?.length, length);
  packs.close();
});

test('a repository without packs has none', async () => {
  assert.equal(Packs.open(await mkdtemp(join(directory, 'none-'))), undefined);
});

test('an object given twice is refused', async () => {
  const [first] = SAMPLES as [Sample];
  await assert.rejects(written([first, first]), { code: 'ERR_INTERNAL', message: /given twice/ });
});

const PACKS_AT = 96 + 4 * 4096;

const DAMAGE: readonly (readonly [what: string, damage: (bytes: Buffer) => Buffer, message: RegExp])[] = [
  ['cut off in the fan-out', (bytes) => bytes.subarray(0, 1000), /too short/],
  ['cut off in the packs', (bytes) => bytes.subarray(0, PACKS_AT + 1), /do not end with the file/],
  ['cut off in the entries', (bytes) => bytes.subarray(0, -1), /do not end with the file/],
  ['another magic', edited((copy) => copy.write('X')), /no index of packs/],
  ['another version', edited((copy) => copy.writeUInt32BE(2, 16)), /version 2/],
  ['a wrong number of entries', edited((copy) => copy.writeUInt32BE(7, 20)), /do not end with the file/],
  ['too many packs', edited((copy) => copy.fill(0xff, 24, 28)), /4294967295 packs; 256 are allowed/],
  ['a line end in the encoder', edited((copy) => copy.write('\r\n', 50)), /is no encoder/],
  ['a falling fan-out', edited((copy) => copy.writeUInt32BE(9, 96)), /fan-out goes back/],
  ['a short fan-out', edited((copy) => copy.fill(0, 96, PACKS_AT)), /fan-out ends at 0/],
  [
    'another sum of a pack',
    edited((copy) => copy.fill(7, PACKS_AT, PACKS_AT + 32)),
    /pack (07){32} is missing/,
  ],
  ['another size of a pack', edited((copy) => copy.writeUInt32BE(7, PACKS_AT + 36)), /bytes instead of 7/],
  ['no size of a pack', edited((copy) => copy.fill(0xff, PACKS_AT + 32, PACKS_AT + 40)), /no pack has/],
];

function edited(edit: (copy: Buffer) => void): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const copy = Buffer.from(bytes);
    edit(copy);
    return copy;
  };
}

for (const [what, damage, message] of DAMAGE) {
  test(`a damaged index is refused on opening: ${what}`, async () => {
    const path = await written();
    writeFileSync(indexOf(path), damage(readFileSync(indexOf(path))));
    assert.throws(() => Packs.open(path), { code: 'ERR_PACKS', message });
  });
}

test('a pack that is missing, cut off or a link is refused on opening', async () => {
  const path = await written();
  const [pack = ''] = packsOf(path);
  const copy = (name: string) => {
    cpSync(path, join(directory, name), { recursive: true });
    return [join(directory, name), join(directory, name, 'packs', pack)] as const;
  };
  const [missing, missingPack] = copy('missing');
  unlinkSync(missingPack);
  assert.throws(() => Packs.open(missing), { code: 'ERR_PACKS', message: /is missing/ });
  const [short, shortPack] = copy('short');
  truncateSync(shortPack, 100);
  assert.throws(() => Packs.open(short), { code: 'ERR_PACKS', message: /has 100 bytes instead of/ });
  const [linked, linkedPack] = copy('linked');
  unlinkSync(linkedPack);
  symlinkSync(join(path, 'packs', pack), linkedPack);
  assert.throws(() => Packs.open(linked), { code: 'ERR_FILE_UNSAFE' });
});

test('entries that lead out of the packs are found when they are read', async () => {
  const [only] = SAMPLES as [Sample];
  const path = await written([only]);
  const good = readFileSync(indexOf(path));
  const entryAt = good.length - 48;
  const edits: readonly ((copy: Buffer) => void)[] = [
    (copy) => copy.writeBigUInt64BE(1n, entryAt + 32),
    (copy) => copy.writeBigUInt64BE(BigInt(only.length + 1), entryAt + 40),
    (copy) => copy.fill(0xff, entryAt + 32, entryAt + 48),
  ];
  for (const edit of edits) {
    writeFileSync(indexOf(path), edited(edit)(good));
    const packs = Packs.open(path) as Packs;
    assert.throws(() => packs.find(only.checksum), { code: 'ERR_PACKS', message: /which no pack has/ });
    packs.close();
  }
});

test('an object spanning two packs is refused', async () => {
  const large = Array.from({ length: 30 }, () => sample(randomBytes(1_000_000)));
  const path = await written(large);
  const good = readFileSync(indexOf(path));
  const size = good.readBigUInt64BE(PACKS_AT + 32);
  const copy = Buffer.from(good);
  copy.writeBigUInt64BE(size - 1n, copy.length - 16);
  writeFileSync(indexOf(path), copy);
  const packs = Packs.open(path) as Packs;
  const last = assumeChecksum(copy.toString('hex', copy.length - 48, copy.length - 16));
  assert.throws(() => packs.find(last), { code: 'ERR_PACKS' });
  packs.close();
});

test('hostile bytes in a pack are a corrupt object', async () => {
  const path = await written();
  for (const pack of packsOf(path).map((name) => join(path, 'packs', name))) {
    writeFileSync(pack, randomBytes(readFileSync(pack).length));
  }
  const packs = Packs.open(path) as Packs;
  for (const { checksum } of SAMPLES) {
    const reading = packs.content(checksum).then((content) => collect(content.stream()));
    await assert.rejects(reading, { code: 'ERR_OBJECT_CORRUPT' });
  }
  packs.close();
});
