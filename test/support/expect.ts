/** Assertions about errors: the code, parts of the message, and that it is one line. */
import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { isTreeportError } from '../../src/base/errors.ts';

/** For assert.throws and assert.rejects: a TreeportError with this code and all of the words in one line. */
export function coded(code: ErrorCode, ...words: readonly string[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isTreeportError(error), String(error));
    assert.equal(error.code, code, error.message);
    assert.doesNotMatch(error.message, /\n/);
    for (const word of words)
      assert.ok(error.message.includes(word), `${JSON.stringify(word)} in: ${error.message}`);
    return true;
  };
}
