/**
 * Replaces the detached metadata of a commit in a tar stream of an image layer; every other byte is copied.
 *
 * In an ostree layer the new entry follows the commit's, where importers expect it. In a layer of a
 * published repo an entry is replaced where it is. Without new bytes the entry is dropped. Memory is bounded
 * by a header and its extensions.
 */
import type { Checksum } from '../ostree/checksum.ts';
import { loosePath } from '../ostree/object-name.ts';
import { BlockInput, cutOff } from './block-input.ts';
import { decodeHeader, decodePax, malformed, paxText, textAt } from './decode-header.ts';
import { BLOCK_BYTES } from './header.ts';
import { objectPath } from './layout.ts';
import { pieceBytes } from './piece-checks.ts';
import { TarWriter } from './writer.ts';

export type ReplaceOptions = {
  readonly commit: Checksum;
  /** A serialized `a{sv}`; undefined drops the entry. */
  readonly detached: Uint8Array | undefined;
  /** Of an ostree layer, or of a layer with files of a published repo, which has this path in the image. */
  readonly layer: { readonly kind: 'ostree' } | { readonly kind: 'published'; readonly repo: string };
};

const MAX_EXTENSION_BYTES = 4 * 1024 * 1024;

/** The stream with the new entry; ERR_TAR. */
export async function* replaceCommitmeta(
  tar: AsyncIterable<Uint8Array>,
  { commit, detached, layer }: ReplaceOptions,
): AsyncGenerator<Buffer> {
  const isOstree = layer.kind === 'ostree';
  const target = isOstree
    ? objectPath(commit, 'commitmeta')
    : `${layer.repo}/${loosePath(commit, 'commitmeta')}`;
  const commitPath = objectPath(commit, 'commit');
  const input = new BlockInput(tar);
  try {
    for (;;) {
      const head = await readHead(input);
      if (head === undefined) break;
      const length = head.size + paddingOf(head.size);
      if (head.path === target) {
        await input.skip(length);
        if (!isOstree) yield* entryOf(target, detached, head.mtime);
        continue;
      }
      yield head.raw;
      yield* copy(input, length);
      if (isOstree && head.path === commitPath) yield* entryOf(target, detached, 0);
    }
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

function* entryOf(path: string, bytes: Uint8Array | undefined, mtime: number): Generator<Buffer> {
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
