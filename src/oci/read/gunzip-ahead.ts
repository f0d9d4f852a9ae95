/**
 * Decompresses gzip into memory that is used again, a few blocks ahead of the consumer: the calling thread
 * hashes and parses a block while libuv's pool fills the next ones.
 */
import { freeNow } from '../../base/bytes.ts';
import { readAhead } from '../../base/read-ahead.ts';
import { PieceInflater } from '../../native/deflate/inflate-piece.ts';
import { FrameCount } from './frame-count.ts';
import { gzipMembers, type MemberSource } from './gzip-members.ts';
import { PieceMembers } from './piece-members.ts';
import type { PushbackInput } from './pushback-input.ts';

/** As the pieces of our own layers; larger blocks leave the cache before they are hashed. */
const BLOCK_BYTES = 512 * 1024;
const AHEAD = 2;

/** A piece lasts until the next is requested. Frees the pieces of `input`. Undefined without zlib to call. */
export function gunzipAhead(input: PushbackInput): AsyncGenerator<Buffer> | undefined {
  const frames = new FrameCount();
  const zlib = gzipMembers(input, frames);
  if (zlib === undefined) return undefined;
  const inflater = PieceInflater.open();
  return ahead(inflater === undefined ? zlib : new PieceMembers(input, { inflater, zlib, frames }));
}

async function* ahead(members: MemberSource): AsyncGenerator<Buffer> {
  // Those ahead, one that is being filled, and one that the consumer has.
  const blocks = Array.from({ length: AHEAD + 2 }, () => Buffer.allocUnsafeSlow(BLOCK_BYTES));
  const free = [...blocks];
  try {
    for await (const { block, length } of readAhead(filled(members, free), AHEAD)) {
      yield block.subarray(0, length);
      free.push(block);
    }
  } finally {
    // Nothing is filled any more, because readAhead has closed its source.
    members[Symbol.dispose]();
    for (const block of blocks) freeNow(block);
  }
}

type Block = Buffer<ArrayBuffer>;
type Filled = { readonly block: Block; readonly length: number };

async function* filled(members: MemberSource, free: Block[]): AsyncGenerator<Filled> {
  for (;;) {
    const block = free.pop() as Block;
    const length = await members.fill(block);
    if (length === 0) return;
    yield { block, length };
  }
}
