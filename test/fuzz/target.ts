/**
 * What is fuzzed. A target makes an input out of random numbers, hands it to the product and says how that
 * ended. The same numbers make the same case, so a case is named by its seed.
 */
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { TreeportError } from '../../src/base/errors.ts';
import type { Random } from '../gvariant/random.ts';

export type Target = {
  /** Resolves with `done` or the code it failed with; throws if the product misbehaved. */
  runCase(random: Random): Promise<string>;
  close(): Promise<void>;
};

/** Makes a target that keeps its files in `folder`. */
export type OpenTarget = (folder: string) => Promise<Target>;

/** `done`, or the code of the error if it is one of `codes`, on one line. Throws everything else. */
export async function outcomeOf(action: () => unknown, codes: readonly ErrorCode[]): Promise<string> {
  try {
    await action();
    return 'done';
  } catch (error) {
    if (!(error instanceof TreeportError) || !codes.includes(error.code)) throw error;
    if (/\n/.test(error.message)) throw new Error(`a message of several lines: ${error.message}`);
    return error.code;
  }
}
