/** Turns the stretches that a match found into a copy program: exact runs of the old file, and bytes. */
import { equalBytes, viewOf } from './equal-bytes.ts';
import type { MatchList } from './match-list.ts';

/** A new file in terms of an old one: ranges of it, and bytes. */
export type CopyStep =
  | { readonly kind: 'copy'; readonly offset: number; readonly length: number }
  | { readonly kind: 'insert'; readonly bytes: Uint8Array };

/** A shorter copy costs more operations than it saves bytes. */
export const LEAST_COPY = 64;

/** The inserted bytes are views of `fresh`. */
export function copySteps(old: Uint8Array, fresh: Uint8Array, matches: MatchList): readonly CopyStep[] {
  const [oldView, freshView] = [viewOf(old), viewOf(fresh)];
  const program = new CopyProgram(fresh);
  for (let index = 0; index < matches.length; index++) {
    const { at, source, length } = matches.get(index);
    for (let done = 0; done < length; done++) {
      const equal = Math.min(equalBytes(oldView, source + done, freshView, at + done), length - done);
      if (equal >= LEAST_COPY) program.copy(at + done, source + done, equal);
      done += equal;
    }
  }
  return program.finish();
}

class CopyProgram {
  readonly #fresh: Uint8Array;
  readonly #steps: CopyStep[] = [];
  #done = 0;

  constructor(fresh: Uint8Array) {
    this.#fresh = fresh;
  }

  copy(at: number, offset: number, length: number): void {
    this.#insertUpTo(at);
    this.#steps.push({ kind: 'copy', offset, length });
    this.#done = at + length;
  }

  finish(): readonly CopyStep[] {
    this.#insertUpTo(this.#fresh.length);
    return this.#steps;
  }

  #insertUpTo(at: number): void {
    if (at > this.#done) this.#steps.push({ kind: 'insert', bytes: this.#fresh.subarray(this.#done, at) });
  }
}
