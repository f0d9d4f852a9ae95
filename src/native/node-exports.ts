/**
 * Functions of the libraries that Node is built with: its program exports them to native modules, or is
 * linked with the system's.
 */
import { lazyKoffi } from './lzma/koffi.ts';

type Program = ReturnType<ReturnType<typeof lazyKoffi>['load']>;

/**
 * Defers `declare`, which looks functions up, to the first call; undefined if one of them, or koffi, is
 * missing.
 */
export function nodeExports<Functions>(
  declare: (program: Program) => Functions,
): () => Functions | undefined {
  const state: { functions: Functions | undefined; isMissing: boolean } = {
    functions: undefined,
    isMissing: false,
  };
  return () => {
    if (state.functions !== undefined || state.isMissing) return state.functions;
    try {
      state.functions = declare(lazyKoffi().load(null));
    } catch {
      state.isMissing = true;
    }
    return state.functions;
  };
}
