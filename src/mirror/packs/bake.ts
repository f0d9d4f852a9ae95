/**
 * Which objects are baked: put into a mirror image in the form that a warm cache has.
 *
 * | `--bake` | baked |
 * |---|---|
 * | `none` | none |
 * | `auto` | objects of at most {@link AUTO_BYTES} |
 * | `all` | all |
 * | a size | the smallest objects, as many as fit into this number of bytes |
 *
 * Small objects first, because they are most of the requests and few of the bytes.
 */
import { parseByteSize } from '../../base/byte-size.ts';

/** A number is a size in bytes. */
export type Bake = 'none' | 'auto' | 'all' | number;

export const DEFAULT_BAKE = 'auto';

/** See docs/decisions/0095-baked-objects.md. */
export const AUTO_BYTES: number = 16 * 1024;

/** The value of `--bake`; ERR_USAGE. */
export function parseBake(text: string): Bake {
  if (text === 'none' || text === 'auto' || text === 'all') return text;
  return parseByteSize(text, '--bake');
}

export type Candidate = {
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the archive file. */
  readonly length: number;
};

/** Selects among the candidates, which stay in their order; it also decides between equal sizes. */
export function chooseBaked<T extends Candidate>(candidates: readonly T[], bake: Bake): readonly T[] {
  if (typeof bake !== 'number') return candidates;
  let left = bake;
  const chosen = new Set<T>();
  for (const candidate of candidates.toSorted((a, b) => a.size - b.size)) {
    left -= candidate.length;
    if (left < 0) break;
    chosen.add(candidate);
  }
  return candidates.filter((candidate) => chosen.has(candidate));
}

/** Says early that an object will not be baked, so that few objects are encoded in vain. */
export class BakeFilter {
  readonly #bake: Bake;
  /** Bytes of archive files so far, by the binary logarithm of the files' sizes. */
  readonly #bytes = new Float64Array(64);

  constructor(bake: Bake) {
    this.#bake = bake;
  }

  mayBake(size: number): boolean {
    if (typeof this.#bake !== 'number')
      return this.#bake === 'all' || (this.#bake === 'auto' && size <= AUTO_BYTES);
    let smaller = 0;
    for (let power = 0; power < powerOf(size); power++) smaller += this.#bytes[power] as number;
    return smaller < this.#bake;
  }

  add({ size, length }: Candidate): void {
    const power = powerOf(size);
    this.#bytes[power] = (this.#bytes[power] as number) + length;
  }
}

function powerOf(size: number): number {
  return size === 0 ? 0 : 1 + Math.floor(Math.log2(size));
}
