/** koffi, loaded on first use, because most verbs do without it. */
import { createRequire } from 'node:module';
import type koffi from 'koffi';

type Koffi = typeof koffi;

const load = createRequire(import.meta.url);
const state: { loaded: Koffi | undefined } = { loaded: undefined };

/** Throws what `require` does if the package or its binary is missing. */
export function lazyKoffi(): Koffi {
  state.loaded ??= load('koffi') as Koffi;
  return state.loaded;
}
