/**
 * Deltas between sub-summaries, `summaries/<old>-<new>.delta` (flatpak 1.14, `flatpak_summary_generate_diff`
 * in common/flatpak-utils.c): gzipped, `xadf`, the number of operations, the operations (both little-endian,
 * 32 bits), and new bytes. An operation has its kind in the upper four bits and a length in the others:
 *
 * | kind | what it does |
 * |---|---|
 * | 0 | copies bytes of the old sub-summary |
 * | 1 | skips bytes of the old sub-summary |
 * | 2 | takes new bytes |
 *
 * Entries of the same ref are compared with each other; of what lies between them, only the ends.
 */
import { gzipSync } from 'node:zlib';
import { type View, view } from '../../gvariant/index.ts';
import { SUMMARY_TYPE } from '../summary.ts';

const MAGIC = 'xadf';
const COPY = 0;
const SKIP = 1;
const DATA = 2;
const MAX_LENGTH = 0x0fffffff;
const LEVEL = 9;

/** The gzipped delta that makes `next` of `former`, both serialized sub-summaries. ERR_VARIANT. */
export function summaryDiff(former: Buffer, next: Buffer): Buffer {
  const diff = new Diff(former, next);
  const [olds, news] = [entriesOf(former), entriesOf(next)];
  const at = { old: 0, new: 0 };
  for (;;) {
    const [old, fresh] = [olds[at.old], news[at.new]];
    if (old === undefined || fresh === undefined) break;
    const order = Buffer.compare(Buffer.from(fresh.name), Buffer.from(old.name));
    diff.replace(order >= 0 ? old : undefined, order <= 0 ? fresh : undefined);
    if (order >= 0) at.old += 1;
    if (order <= 0) at.new += 1;
  }
  return gzipSync(diff.finish(), { level: LEVEL });
}

type Range = { readonly start: number; readonly end: number };
type Entry = Range & { readonly name: string };

function entriesOf(bytes: Buffer): readonly Entry[] {
  const refs = view(SUMMARY_TYPE, bytes).check().child(0);
  return Array.from(refs, (entry: View) => {
    const start = entry.bytes.byteOffset - bytes.byteOffset;
    return { name: entry.child(0).value() as string, start, end: start + entry.bytes.length };
  });
}

class Diff {
  readonly #old: Buffer;
  readonly #new: Buffer;
  readonly #operations: { kind: number; length: number }[] = [];
  readonly #data: Buffer[] = [];
  #oldEnd = 0;
  #newEnd = 0;

  constructor(old: Buffer, fresh: Buffer) {
    this.#old = old;
    this.#new = fresh;
  }

  /** Replaces a range of the old bytes, after all before, by one of the new bytes. */
  replace(old: Range | undefined, fresh: Range | undefined): void {
    const from = old ?? { start: this.#oldEnd, end: this.#oldEnd };
    const to = fresh ?? { start: this.#newEnd, end: this.#newEnd };
    this.#block({ start: this.#oldEnd, end: from.start }, { start: this.#newEnd, end: to.start });
    this.#block(from, to);
    [this.#oldEnd, this.#newEnd] = [from.end, to.end];
  }

  finish(): Buffer {
    this.#block(
      { start: this.#oldEnd, end: this.#old.length },
      { start: this.#newEnd, end: this.#new.length },
    );
    const words = this.#operations.flatMap(({ kind, length }) => operationWords(kind, length));
    const head = Buffer.alloc(MAGIC.length + 4 * (words.length + 1));
    head.write(MAGIC, 'latin1');
    for (const [index, word] of [words.length, ...words].entries())
      head.writeUInt32LE(word, MAGIC.length + 4 * index);
    return Buffer.concat([head, ...this.#data]);
  }

  #block(from: Range, to: Range): void {
    const old = this.#old.subarray(from.start, from.end);
    const fresh = this.#new.subarray(to.start, to.end);
    const prefix = commonPrefix(old, fresh);
    const suffix = commonSuffix(old.subarray(prefix), fresh.subarray(prefix));
    this.#add(COPY, prefix);
    this.#add(SKIP, old.length - prefix - suffix);
    const data = fresh.subarray(prefix, fresh.length - suffix);
    this.#add(DATA, data.length);
    this.#data.push(data);
    this.#add(COPY, suffix);
  }

  #add(kind: number, length: number): void {
    if (length === 0) return;
    const last = this.#operations.at(-1);
    if (last?.kind === kind) last.length += length;
    else this.#operations.push({ kind, length });
  }
}

function operationWords(kind: number, length: number): readonly number[] {
  const words: number[] = [];
  for (let left = length; left > 0; left -= MAX_LENGTH)
    words.push(((kind << 28) | Math.min(left, MAX_LENGTH)) >>> 0);
  return words;
}

function commonPrefix(one: Buffer, other: Buffer): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[length] === other[length]) length += 1;
  return length;
}

function commonSuffix(one: Buffer, other: Buffer): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one[one.length - 1 - length] === other[other.length - 1 - length]) length += 1;
  return length;
}
