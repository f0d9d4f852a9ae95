/** Status codes of liblzma (lzma/base.h, lzma_ret), and the errors they become. */
import { TreeportError } from '../../base/errors.ts';

export const LZMA = {
  ok: 0,
  streamEnd: 1,
  outOfMemory: 5,
  memoryLimit: 6,
  wrongFormat: 7,
  badOptions: 8,
  badData: 9,
  noProgress: 10,
} as const;

const SENTENCES: ReadonlyMap<number, string> = new Map([
  [LZMA.outOfMemory, 'there is not enough memory'],
  [LZMA.memoryLimit, 'its dictionary needs more memory than is allowed'],
  [LZMA.wrongFormat, 'it is not an xz stream'],
  [LZMA.badOptions, 'it uses filters or options that this liblzma does not support'],
  [LZMA.badData, 'it is corrupt'],
  [LZMA.noProgress, 'it is truncated'],
]);

/** `what` failed names the stream, such as `part 3 cannot be decompressed`. */
export function lzmaError(what: string, status: number): TreeportError {
  return new TreeportError('ERR_XZ', `${what}: ${SENTENCES.get(status) ?? `liblzma returned ${status}`}`);
}
