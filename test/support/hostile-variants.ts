/**
 * Streams with metadata of a given size that compresses well and decodes to a large value. It is in normal
 * form and matches its checksum, so that only its shape is a reason to reject it.
 */
import { chooseWidth, writeOffset } from '../../src/gvariant/framing.ts';
import { variant, write } from '../../src/gvariant/index.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { serializeCommit } from '../../src/ostree/commit.ts';
import { serializeDirmeta } from '../../src/ostree/dirmeta.ts';
import { serializeDirtree } from '../../src/ostree/dirtree.ts';
import { hashedHeader, S_IFREG } from '../../src/ostree/file-header.ts';
import { type MetadataDict, serializeDict } from '../../src/ostree/metadata-dict.ts';
import { GPG_SIGNATURES } from '../../src/ostree/sign/signatures.ts';
import { objectPath } from '../../src/tar/layout.ts';
import { tarArchive } from './tar-streams.ts';

type Fill = (bytes: number) => Buffer;

/** An array of empty elements, so that only their offsets take space. */
const emptyElements: Fill = (bytes) => {
  const width = chooseWidth(0, Math.floor(bytes / 4));
  const array = Buffer.alloc(bytes - (bytes % width));
  for (let at = 0; at < array.length; at += width) writeOffset(array, at, width, 0);
  return array;
};

/** Pairs of two empty byte strings, each with one offset. */
const emptyPairs: Fill = (bytes) =>
  write(
    'a(ayay)',
    Array.from({ length: Math.floor(bytes / 5) }, () => [Buffer.alloc(0), Buffer.alloc(0)]),
  );

const keys: Fill = (bytes) =>
  write(
    'a{sv}',
    Array.from({ length: Math.floor(bytes / 20) }, (_, index) => [index.toString(36), variant('y', 1)]),
  );

/** Serialized values, by type. */
const FILLS = {
  'a()': Buffer.alloc,
  ab: Buffer.alloc,
  ad: (bytes: number) => Buffer.alloc(bytes - (bytes % 8)),
  'a(bb)': (bytes: number) => Buffer.alloc(bytes - (bytes % 2)),
  aay: emptyElements,
  aad: emptyElements,
  aaaay: emptyElements,
  'aa{sv}': emptyElements,
  'a(ayay)': emptyPairs,
  'a{sv}': keys,
  s: (bytes: number) => Buffer.concat([Buffer.alloc(bytes - (bytes % 2), 'ü'), Buffer.alloc(1)]),
} as const satisfies Readonly<Record<string, Fill>>;

export type FilledType = keyof typeof FILLS;
const FILLED_TYPES = Object.keys(FILLS) as readonly FilledType[];
const MARK = Buffer.alloc(64, 0xa5);

/** A serialized dictionary with the filling under one key. */
function withFilling(
  key: string,
  type: FilledType,
  bytes: number,
  serialize: (dict: MetadataDict) => Buffer,
): Buffer {
  const filled = Buffer.concat([FILLS[type](bytes), Buffer.from(`\0${type}`)]);
  // Of the same size, so that the bytes can be replaced; a variant of type `ay` ends with 3 bytes.
  const serialized = serialize(new Map([[key, variant('ay', Buffer.alloc(filled.length - 3, 0xa5))]]));
  filled.copy(serialized, serialized.indexOf(MARK));
  return serialized;
}

const DIRMETA = serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] });
const EMPTY_TREE = serializeDirtree({ files: [], directories: [] });

const EMPTY_FILE_HEADER = { uid: 0, gid: 0, mode: S_IFREG | 0o644, target: '', xattrs: Buffer.alloc(0) };
const EMPTY_FILE = checksumOf(hashedHeader(EMPTY_FILE_HEADER));

type Roots = { readonly tree?: Buffer; readonly meta?: Buffer };

function commitWith(
  metadata: MetadataDict,
  { tree = EMPTY_TREE, meta = DIRMETA }: Roots = {},
  subject = '',
): Buffer {
  const roots = { rootTree: checksumOf(tree), rootMeta: checksumOf(meta) };
  return serializeCommit({ metadata, parent: undefined, subject, body: '', timestamp: 1, ...roots });
}

type Parts = Roots & {
  readonly commit?: Buffer;
  readonly detached?: Buffer;
  readonly hasEmptyFile?: boolean;
};

/** The stream of a commit of one directory. */
function streamOf(parts: Parts): Buffer {
  const { tree = EMPTY_TREE, meta = DIRMETA, commit = commitWith(new Map(), parts), detached } = parts;
  const entry = (type: string, data: Buffer, of = data) => ({
    path: objectPath(checksumOf(of), type),
    data,
  });
  return tarArchive([
    entry('commit', commit),
    ...(detached === undefined ? [] : [entry('commitmeta', detached, commit)]),
    entry('dirmeta', meta),
    entry('dirtree', tree),
    ...(parts.hasEmptyFile ? [{ path: objectPath(EMPTY_FILE, 'file'), mode: EMPTY_FILE_HEADER.mode }] : []),
  ]);
}

/** `checksumAt` gives the content of each file. */
function wideTree(bytes: number, checksumAt: (index: number) => Checksum): Buffer {
  const files = entryNames(bytes, 48).map((name, index) => ({ name, checksum: checksumAt(index) }));
  return serializeDirtree({ files, directories: [] });
}

/** `treeAt` gives the dirtree of each subdirectory. */
function tallTree(bytes: number, treeAt: (index: number) => Checksum): Buffer {
  const meta = checksumOf(DIRMETA);
  const directories = entryNames(bytes, 84).map((name, index) => ({ name, tree: treeAt(index), meta }));
  return serializeDirtree({ files: [], directories });
}

function entryNames(bytes: number, entryBytes: number): readonly string[] {
  const count = Math.floor(bytes / entryBytes);
  return Array.from({ length: count }, (_, index) => index.toString(36).padStart(6, '0'));
}

function numberedChecksum(index: number): Checksum {
  return checksumOf(Buffer.from(`${index}`));
}

/** A dirmeta whose attributes are empty pairs. */
function emptyXattrs(bytes: number): Buffer {
  const xattrs = FILLS['a(ayay)'](bytes);
  return Buffer.concat([serializeDirmeta({ uid: 0, gid: 0, mode: 0o40755, xattrs: [] }), xattrs]);
}

/** All streams by name; `bytes` is the approximate size of the one large object. */
export const HOSTILE_STREAMS: ReadonlyMap<string, (bytes: number) => Buffer> = new Map([
  ...FILLED_TYPES.flatMap((type) => [
    [
      `metadata of type ${type}`,
      (bytes: number) => streamOf({ commit: withFilling('k', type, bytes, commitWith) }),
    ] as const,
    [
      `detached metadata of type ${type}`,
      (bytes: number) => streamOf({ detached: withFilling('k', type, bytes, serializeDict) }),
    ] as const,
  ]),
  [
    'a signature for each offset',
    (bytes) => streamOf({ detached: withFilling(GPG_SIGNATURES, 'aay', bytes, serializeDict) }),
  ],
  ['keys of detached metadata', (bytes) => streamOf({ detached: FILLS['a{sv}'](bytes) })],
  ['a long subject', (bytes) => streamOf({ commit: commitWith(new Map(), {}, 'ü'.repeat(bytes / 2)) })],
  [
    'a directory of equal files',
    (bytes) => streamOf({ tree: wideTree(bytes, () => EMPTY_FILE), hasEmptyFile: true }),
  ],
  ['a directory of files', (bytes) => streamOf({ tree: wideTree(bytes, numberedChecksum) })],
  [
    'a directory of equal directories',
    (bytes) => streamOf({ tree: tallTree(bytes, () => checksumOf(EMPTY_TREE)) }),
  ],
  ['a directory of directories', (bytes) => streamOf({ tree: tallTree(bytes, numberedChecksum) })],
  ['attributes of a directory', (bytes) => streamOf({ meta: emptyXattrs(bytes) })],
]);
