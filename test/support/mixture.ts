/** Contents for tests of encoders. */
import type { Random } from '../gvariant/random.ts';

/** Bytes that cannot be compressed. */
export function noiseOf(random: Random, size: number): Buffer {
  const words = Uint32Array.from({ length: Math.ceil(size / 4) }, () => random.next());
  return Buffer.from(words.buffer).subarray(0, size);
}

type MixtureOptions = {
  /** 200,000 bytes or more. */
  readonly noise: Buffer;
  /** How far the next match may reach. */
  readonly reach: () => number;
};

/** Bytes with matches of all lengths and distances, runs, and what cannot be compressed. */
export function mixture(random: Random, size: number, { noise, reach }: MixtureOptions): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const length = Math.min(1 + random.below(1 << random.below(12)), size - at);
    const kind = random.below(4);
    if (kind === 0) bytes.set(noise.subarray(random.below(100_000)).subarray(0, length), at);
    else if (kind === 1) bytes.fill(random.below(256), at, at + length);
    else if (at > 0) {
      const from = at - (1 + random.below(Math.min(at, reach())));
      for (let made = 0; made < length; made += at - from)
        bytes.copyWithin(at + made, from, Math.min(at, from + length - made));
    }
    at += length;
  }
  return bytes;
}
