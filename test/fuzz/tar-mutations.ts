/** Mutations of tar streams that know what a tar stream is made of, and of what they come compressed in. */
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { BLOCK_BYTES } from '../../src/tar/header.ts';
import type { Random } from '../gvariant/random.ts';
import { tarEntry } from '../support/tar-streams.ts';

/** Where a stream would like to write. */
export const ESCAPED = '/tmp/treeport-fuzz-escaped';

/** Field offsets and sizes of a header: name, mode, uid, gid, size, mtime, type, link name, magic, prefix. */
const FIELDS: readonly (readonly [number, number])[] = [
  [0, 100],
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 8],
  [345, 155],
];
const FIELD_VALUES: readonly Buffer[] = [
  Buffer.alloc(12),
  Buffer.alloc(12, 0xff),
  Buffer.from([0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
  Buffer.from('77777777777\0'),
  Buffer.from('0000000\0'),
  Buffer.from('-1\0'),
  Buffer.from(`../../../../../..${ESCAPED}\0`),
  Buffer.from(`${ESCAPED}\0`),
  Buffer.from(`sysroot/ostree/repo/objects/../../../../../..${ESCAPED}\0`),
  Buffer.from('sysroot/ostree/repo/config\0'),
  Buffer.from([0x80, 0xfe, 0xc3, 0x28, 0]),
  ...[...'0123456789xgLKSDVN'].map((type) => Buffer.from(type)),
];
const PAX_RECORDS: readonly string[] = [
  `path=../../../../../..${ESCAPED}`,
  `path=${ESCAPED}`,
  'linkpath=/etc/passwd',
  'size=99999999999999999999',
  'size=-1',
  'size=1e308',
  'size=NaN',
  'uid=4294967296',
  'gid=-1',
  'SCHILY.xattr.user.x=y',
  `path=${'long/'.repeat(4000)}`,
  `SCHILY.xattr.user.big=${'v'.repeat(200_000)}`,
];

/** A stream as blocks of entries, so that entries can change places. */
export function splitEntries(tar: Buffer): readonly Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at + BLOCK_BYTES <= tar.length; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8) || 0;
    const end = Math.min(at + BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES, tar.length);
    entries.push(tar.subarray(at, end));
    at = end;
  }
  return entries;
}

/** Changes a stream in one to four places; most of the time header checksums are made right again. */
export function mutateTar(entries: readonly Buffer[], random: Random): Buffer {
  const list = [...entries];
  for (let changes = random.below(3); changes > 0; changes--) changeEntries(list, random);
  let bytes: Buffer = Buffer.concat(list);
  for (let changes = random.below(3); changes > 0; changes--) bytes = changeBytes(bytes, random);
  if (random.below(4) > 0) resumHeaders(bytes);
  return bytes;
}

function changeEntries(list: Buffer[], random: Random): void {
  const at = random.below(list.length);
  const other = random.below(list.length);
  switch (random.below(5)) {
    case 0:
      list.splice(at, 1);
      break;
    case 1:
      list.splice(at, 0, list[other] ?? Buffer.alloc(0));
      break;
    case 2:
      list.splice(at, 1, ...list.splice(other, 1, list[at] ?? Buffer.alloc(0)));
      break;
    case 3:
      list.splice(at, 0, paxEntry(random));
      break;
    default:
      list.splice(at, 0, tarEntry({ path: escapingPath(random), data: random.bytes(random.below(2000)) }));
  }
}

function paxEntry(random: Random): Buffer {
  const records = random.list(6, () => paxRecord(random.pick(PAX_RECORDS)));
  const entry = tarEntry({ path: 'pax', data: records.join('') });
  entry.write(random.pick(['x', 'g']), 156, 'latin1');
  resumHeaders(entry.subarray(0, BLOCK_BYTES));
  return entry;
}

function paxRecord(text: string): string {
  const length = text.length + 2;
  const digits = String(length + String(length).length).length;
  return `${length + digits} ${text}\n`;
}

function escapingPath(random: Random): string {
  const id = '0'.repeat(61);
  return random.pick([
    `sysroot/ostree/repo/objects/00/${id}0.file`,
    `sysroot/ostree/repo/objects/00/${id}0.dirtree`,
    `sysroot/ostree/repo/xattrs/${'0'.repeat(64)}`,
    `sysroot/ostree/repo/refs/heads/evil`,
    `sysroot/ostree/repo/objects/zz/${id}0.file`,
    `sysroot/ostree/repo/tmp/x`,
    `${'deep/'.repeat(200)}x`,
  ]);
}

function changeBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(Math.max(bytes.length, 1));
  const block = at - (at % BLOCK_BYTES);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, block), bytes.subarray(random.below(block + 1))]);
    case 2: {
      const [offset, length] = random.pick(FIELDS);
      random.pick(FIELD_VALUES).copy(bytes, block + offset, 0, length);
      return bytes;
    }
    case 3:
      return bytes.fill(random.below(256), at, Math.min(at + random.below(600), bytes.length));
    case 4:
      return Buffer.concat([bytes, random.bytes(random.below(2000))]);
    default:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
  }
}

function resumHeaders(bytes: Buffer): void {
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += BLOCK_BYTES) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(' ', at + 148, at + 156, 'latin1');
    const sum = bytes.subarray(at, at + BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(7, '0')}\0`, at + 148, 'latin1');
  }
}

const BOMB_BYTES = 64 * 1024 * 1024;
/** Zeros: as the end of an archive, and as the data of whatever entry is cut short before. */
const BOMB: Buffer = gzipSync(Buffer.alloc(BOMB_BYTES));

/** Puts the stream into a compression, sound or not. */
export function wrap(tar: Buffer, random: Random): Buffer {
  switch (random.below(10)) {
    case 0:
      return gzipSync(tar, { level: 1 });
    case 1:
      return Buffer.concat([
        gzipSync(tar.subarray(0, 700), { level: 1 }),
        gzipSync(tar.subarray(700), { level: 1 }),
      ]);
    case 2:
      return zstdCompressSync(tar);
    case 3: {
      const bytes = gzipSync(tar, { level: 1 });
      return bytes.subarray(0, random.below(bytes.length));
    }
    case 4: {
      const bytes = random.below(2) === 0 ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar);
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    }
    case 5:
      return Buffer.concat([gzipSync(tar, { level: 1 }), random.bytes(random.below(30))]);
    case 6:
      return random.below(20) === 0
        ? Buffer.concat([gzipSync(tar, { level: 1 }), BOMB])
        : deflateRawSync(tar);
    default:
      return tar;
  }
}
