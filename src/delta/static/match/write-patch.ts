/** Writes the binary patch (apply-patch.ts) for the stretches that a match of two files found. */
import { TRIPLE_BYTES } from './apply-patch.ts';
import type { MatchList, Stretch } from './match-list.ts';

/** Writes the patch to the start of `target`, and returns its length. */
export function writePatch(
  old: Uint8Array,
  fresh: Uint8Array,
  matches: MatchList,
  target: Uint8Array,
): number {
  const output = new DataView(target.buffer, target.byteOffset, target.length);
  const done = { written: 0, at: 0, source: 0 };
  // The first triple has nothing to add if the first stretch is not at the start of both files.
  const first = matches.length === 0 ? undefined : matches.get(0);
  const isAtStart = first !== undefined && first.at === 0 && first.source === 0;
  const none: Stretch = { at: 0, source: 0, length: 0 };
  for (let index = isAtStart ? 0 : -1; index < matches.length; index++) {
    const stretch = index < 0 ? none : matches.get(index);
    const next = index + 1 < matches.length ? matches.get(index + 1) : undefined;
    const end = stretch.at + stretch.length;
    const extra = fresh.subarray(end, next?.at ?? fresh.length);
    if (stretch.length + extra.length === 0 && next === undefined) break;
    putInteger(output, done.written, stretch.length);
    putInteger(output, done.written + 8, extra.length);
    putInteger(
      output,
      done.written + 16,
      next === undefined ? 0 : next.source - stretch.source - stretch.length,
    );
    done.written += TRIPLE_BYTES;
    putDifference(old, fresh, stretch, output, done.written);
    done.written += stretch.length;
    target.set(extra, done.written);
    done.written += extra.length;
  }
  return done.written;
}

/** Sign and magnitude; the sign is the topmost bit. */
function putInteger(output: DataView, at: number, value: number): void {
  output.setUint32(at, Math.abs(value), true);
  output.setUint32(at + 4, value < 0 ? 0x8000_0000 : 0, true);
}

/** Subtracts the source from the stretch byte by byte, modulo 256, four at a time. */
function putDifference(
  old: Uint8Array,
  fresh: Uint8Array,
  { at, source, length }: Stretch,
  output: DataView,
  to: number,
): void {
  const oldView = new DataView(old.buffer, old.byteOffset + source, length);
  const freshView = new DataView(fresh.buffer, fresh.byteOffset + at, length);
  const words = length & ~3;
  for (let index = 0; index < words; index += 4) {
    const [a, b] = [freshView.getInt32(index), oldView.getInt32(index)];
    // The topmost bits are set and cleared, so that no byte borrows from the next.
    const difference = ((a | 0x8080_8080) - (b & 0x7f7f_7f7f)) ^ ((a ^ ~b) & 0x8080_8080);
    output.setInt32(to + index, difference);
  }
  for (let index = words; index < length; index++) {
    output.setUint8(to + index, freshView.getUint8(index) - oldView.getUint8(index));
  }
}
