/** How an error leaves the process: one line on stderr, `treeport: ERR_CODE: message`, and the exit status. */
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../base/errors.ts';

/** Any thrown value with a code: system errors are ERR_DISK_FULL or ERR_IO, all else is our own fault. */
export function codedError(thrown: unknown): TreeportError {
  if (isTreeportError(thrown)) return thrown;
  const errno = errnoOf(thrown);
  const code = errno === undefined ? 'ERR_INTERNAL' : errno === 'ENOSPC' ? 'ERR_DISK_FULL' : 'ERR_IO';
  return new TreeportError(code, messageOf(thrown), { cause: thrown });
}

/** Prints the error, with its stack if TREEPORT_DEBUG is 1, and sets the exit status: 2 for ERR_USAGE, else 1. */
export function reportError(thrown: unknown): void {
  const error = codedError(thrown);
  process.exitCode = error.code === 'ERR_USAGE' ? 2 : 1;
  process.stderr.write(`treeport: ${error.code}: ${messageOf(error)}\n`);
  if (process.env.TREEPORT_DEBUG === '1') console.error(thrown);
}
