/**
 * Replaces files in a tar stream of an image layer; every other byte is copied. Without new bytes an entry is
 * dropped. Memory is bounded by a header and its extensions, and by the new bytes.
 *
 * In an ostree layer the detached metadata follows its commit, where importers expect it. In a layer with
 * files of a published repo an entry is replaced where it is, and new ones go where the order of paths has
 * them.
 */
import { compareBytes } from '../base/bytes.ts';
import type { Checksum } from '../ostree/checksum.ts';
import { BlockInput, cutOff } from './block-input.ts';
import { decodeHeader, decodePax, malformed, paxText, textAt } from './decode-header.ts';
import { BLOCK_BYTES } from './header.ts';
import { objectPath } from './layout.ts';
import { pieceBytes } from './piece-checks.ts';
import { TarWriter } from './writer.ts';

/** New bytes of files by their paths; undefined drops an entry. */
export type FileChanges = ReadonlyMap<string, Uint8Array | undefined>;

type Entry = Pick<Head, 'path' | 'mtime'>;

type Changes = {
  readonly files: FileChanges;
  /** The entries that come before and after this one. */
  readonly before?: (entry: Entry) => Iterable<Entry>;
  readonly after?: (entry: Entry) => Iterable<Entry>;
  /** Entries at the end. */
  readonly last?: () => Iterable<Entry>;
  /** Whether a replaced entry stays where it is. */
  readonly inPlace: boolean;
};

const MAX_EXTENSION_BYTES = 4 * 1024 * 1024;
/** Of all files of the mirror's layers. */
const MTIME = 1;

/** An ostree layer with new detached metadata of its commit, a serialized `a{sv}`; ERR_TAR. */
export function replaceCommitmeta(
  tar: AsyncIterable<Uint8Array>,
  commit: Checksum,
  detached: Uint8Array | undefined,
): AsyncGenerator<Buffer> {
  const path = objectPath(commit, 'commitmeta');
  const commitPath = objectPath(commit, 'commit');
  return changed(tar, {
    files: new Map([[path, detached]]),
    after: (entry) => (entry.path === commitPath ? [{ path, mtime: 0 }] : []),
    inPlace: false,
  });
}

/** A layer of a published repo with new bytes of files; `added` are those that the layer lacks. ERR_TAR. */
export function replaceFiles(
  tar: AsyncIterable<Uint8Array>,
  files: FileChanges,
  added: ReadonlySet<string>,
): AsyncGenerator<Buffer> {
  const pending = [...added].toSorted(compareBytes).map((path) => ({ path, mtime: MTIME }));
  const until = (end: string | undefined) => {
    const next = pending.findIndex(({ path }) => end !== undefined && compareBytes(path, end) > 0);
    return pending.splice(0, next < 0 ? pending.length : next);
  };
  return changed(tar, {
    files,
    before: ({ path }) => until(path),
    last: () => until(undefined),
    inPlace: true,
  });
}

async function* changed(tar: AsyncIterable<Uint8Array>, changes: Changes): AsyncGenerator<Buffer> {
  const { files, before, after, last, inPlace } = changes;
  const written = function* (entries: Iterable<Entry> | undefined) {
    for (const entry of entries ?? []) yield* entryOf(entry, files.get(entry.path));
  };
  const input = new BlockInput(tar);
  try {
    for (;;) {
      const head = await readHead(input);
      if (head === undefined) break;
      const length = head.size + paddingOf(head.size);
      yield* written(before?.(head));
      if (files.has(head.path)) {
        await input.skip(length);
        if (inPlace) yield* written([head]);
        continue;
      }
      yield head.raw;
      yield* copy(input, length);
      yield* written(after?.(head));
    }
    yield* written(last?.());
    yield Buffer.alloc(BLOCK_BYTES);
    for (let rest = await input.some(BLOCK_BYTES); rest !== undefined; rest = await input.some(BLOCK_BYTES))
      yield rest;
  } finally {
    await input.close();
  }
}

type Head = {
  /** Without a leading `./`. */
  readonly path: string;
  readonly size: number;
  readonly mtime: number;
  /** The header's block, and the extensions before it with their data. */
  readonly raw: Buffer;
};

/** The next header with its extensions; undefined for the zeros at the end, of which it takes one block. */
async function readHead(input: BlockInput): Promise<Head | undefined> {
  const raw: Buffer[] = [];
  let [longPath, paxPath]: [string | undefined, string | undefined] = [undefined, undefined];
  for (;;) {
    const block = Buffer.from(await input.take(BLOCK_BYTES));
    const header = decodeHeader(block);
    if (header === undefined) {
      if (raw.length > 0) throw malformed('the archive ends after a long name');
      return undefined;
    }
    raw.push(block);
    const { flag, size, mtime } = header;
    if (!Number.isSafeInteger(size) || size < 0) throw malformed('the size of an entry is not a number');
    if (!'LKxg'.includes(flag)) {
      const path = (longPath ?? paxPath ?? header.path).replace(/^\.\//, '');
      // Directories have no data, whatever their size field says.
      return { path, size: flag === '5' ? 0 : size, mtime, raw: Buffer.concat(raw) };
    }
    if (size > MAX_EXTENSION_BYTES) throw malformed('a long name or PAX record is too long');
    const data = Buffer.from(await input.take(size + paddingOf(size)));
    raw.push(data);
    if (flag === 'L') longPath = textAt(data, 0, size);
    if (flag === 'x') {
      const records = decodePax(data.subarray(0, size));
      if (records.has('size')) throw malformed('an entry larger than 8 GiB, which no layer here has');
      paxPath = paxText(records, 'path');
    }
  }
}

async function* copy(input: BlockInput, length: number): AsyncGenerator<Buffer> {
  for (let missing = length; missing > 0; ) {
    const part = await input.some(missing);
    if (part === undefined) throw cutOff();
    missing -= part.length;
    yield part;
  }
}

function* entryOf({ path, mtime }: Entry, bytes: Uint8Array | undefined): Generator<Buffer> {
  if (bytes === undefined) return;
  const writer = new TarWriter();
  writer.header({ uid: 0, gid: 0, path, type: 'file', mode: 0o644, size: bytes.length, target: '', mtime });
  writer.data(bytes);
  writer.pad(bytes.length);
  yield* pieceBytes(writer.takeAll());
}

function paddingOf(size: number): number {
  return -size & (BLOCK_BYTES - 1);
}
