/**
 * Kinds of bytes in a part, each of which is compressed by filters of its own.
 *
 * The kind of a file follows from its bytes, never from its name, so that a part is a function of its
 * objects. ELF: System V gABI, e_type at 16 and e_machine at 18.
 */
import { deflateRawSync } from 'node:zlib';

/**
 * `x86`: linked x86 machine code, whose calls the BCJ filter makes absolute; it does harm to `relocatable`
 * code, whose calls are unlinked. `delta`: patches, mostly zeros. `tables`: modes, attributes and operations.
 */
export type ContentClass = FileClass | 'tables' | 'metadata' | 'delta';

export type FileClass = 'plain' | 'x86' | 'relocatable' | 'incompressible';

const ELF = Buffer.from('\x7fELF');
const RELOCATABLE = 1;
/** EM_386 and EM_X86_64. */
const X86_MACHINES: readonly number[] = [3, 62];

const SAMPLE_BYTES = 16 * 1024;
const SAMPLES = 3;
/** Smaller files are not worth a test. */
const LEAST_TESTED_BYTES = 4096;
/** Deflate saves less than this share of compressed or random bytes. */
const LEAST_RATIO = 0.97;
/** Bits per byte. Huffman codes alone save an eighth of bytes with less entropy. */
const SURELY_COMPRESSIBLE = 7;

export function contentClassOf(bytes: Buffer): FileClass {
  if (bytes.length >= 20 && ELF.equals(bytes.subarray(0, ELF.length))) {
    if (bytes.readUInt16LE(16) === RELOCATABLE) return 'relocatable';
    return X86_MACHINES.includes(bytes.readUInt16LE(18)) ? 'x86' : 'relocatable';
  }
  return isIncompressible(bytes) ? 'incompressible' : 'plain';
}

/** Whether deflate saves nearly nothing of samples at the start, in the middle and at the end. */
export function isIncompressible(bytes: Buffer): boolean {
  if (bytes.length < LEAST_TESTED_BYTES) return false;
  return sampleStarts(bytes.length).every((start) => {
    return !shrinks(bytes.subarray(start, start + SAMPLE_BYTES), LEAST_RATIO);
  });
}

/** Whether deflate makes `sample` this share of its size, or smaller. */
export function shrinks(sample: Buffer, ratio: number): boolean {
  // Counting bytes takes a tenth of the time of deflate, and answers for text and code.
  if (entropyOf(sample) < SURELY_COMPRESSIBLE) return true;
  return deflateRawSync(sample, { level: 1 }).length <= sample.length * ratio;
}

/** Shannon's, of single bytes, in bits. */
function entropyOf(bytes: Buffer): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] as number) + 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits += count * Math.log2(bytes.length / count);
  return bits / bytes.length;
}

function sampleStarts(length: number): readonly number[] {
  const last = length - SAMPLE_BYTES;
  if (last <= 0) return [0];
  return Array.from({ length: SAMPLES }, (_, index) => Math.floor((last * index) / (SAMPLES - 1)));
}
