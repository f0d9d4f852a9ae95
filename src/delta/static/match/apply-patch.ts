/**
 * Applies the binary patches of static deltas: bsdiff's format in the variant without header and compression.
 * A patch is a sequence of
 *
 *     diff, extra, seek    sign and magnitude, 8 bytes each, little-endian; the sign is the topmost bit
 *     diff bytes           added to as many bytes of the source, modulo 256
 *     extra bytes          taken as they are
 *
 * after which the position in the source moves by diff + seek. Bytes outside the source count as zeros. The
 * triple that completes the target is the last. Source: bspatch.c of the mendsley bsdiff in libostree.
 */
import { deltaFault } from '../delta-fault.ts';

export const TRIPLE_BYTES = 24;
const MAX_RUN = 2 ** 31 - 1;
/** Shorter runs are added byte by byte. */
const LEAST_COPIED = 32;

type Progress = { patch: number; source: number; target: number };

/** Fills `target`. ERR_DELTA_CORRUPT if `patch` does not have exactly the bytes for that. */
export function applyPatch(source: Uint8Array, patch: Uint8Array, target: Uint8Array): void {
  const view = new DataView(patch.buffer, patch.byteOffset, patch.length);
  const at: Progress = { patch: 0, source: 0, target: 0 };
  while (at.target < target.length) {
    if (patch.length - at.patch < TRIPLE_BYTES) throw fault('ends too early');
    const diff = integer(view, at.patch);
    const extra = integer(view, at.patch + 8);
    const seek = integer(view, at.patch + 16);
    at.patch += TRIPLE_BYTES;
    if (!isRun(diff) || !isRun(extra)) throw fault('has a length that is out of range');
    if (diff + extra > target.length - at.target) throw fault('makes more bytes than its file has');
    if (diff + extra > patch.length - at.patch) throw fault('ends too early');
    addRun(source, at.source, view, at.patch, target.subarray(at.target, at.target + diff));
    at.patch += diff;
    at.target += diff;
    target.set(patch.subarray(at.patch, at.patch + extra), at.target);
    at.patch += extra;
    at.target += extra;
    at.source += diff + seek;
    if (!Number.isSafeInteger(at.source)) throw fault('moves out of range');
  }
  if (at.patch < patch.length) throw fault('goes on after its last byte was made');
}

/** target := source[from…] + patch[at…] */
function addRun(source: Uint8Array, from: number, patch: DataView, at: number, target: Uint8Array): void {
  const start = Math.min(Math.max(-from, 0), target.length);
  const end = Math.max(Math.min(source.length - from, target.length), start);
  target.set(patchBytes(patch, at, start));
  addInside(source, from + start, patch, at + start, target.subarray(start, end));
  target.set(patchBytes(patch, at + end, target.length - end), end);
}

/** Most patches are mostly zeros, so the source is copied, and words of zeros are skipped. */
function addInside(source: Uint8Array, from: number, patch: DataView, at: number, target: Uint8Array): void {
  const length = target.length;
  let index = 0;
  if (length >= LEAST_COPIED) {
    target.set(source.subarray(from, from + length));
    for (; index + 4 <= length; index += 4) {
      if (patch.getInt32(at + index) === 0) continue;
      for (let byte = index; byte < index + 4; byte++) {
        target[byte] = (target[byte] as number) + patch.getUint8(at + byte);
      }
    }
  }
  for (; index < length; index++) {
    target[index] = (source[from + index] as number) + patch.getUint8(at + index);
  }
}

function patchBytes(patch: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(patch.buffer, patch.byteOffset + at, length);
}

function integer(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  const magnitude = (high & 0x7fff_ffff) * 2 ** 32 + view.getUint32(at, true);
  return high > 0x7fff_ffff ? -magnitude : magnitude;
}

function isRun(value: number): boolean {
  return value >= 0 && value <= MAX_RUN;
}

function fault(what: string): Error {
  return deltaFault(`a binary patch ${what}`);
}
