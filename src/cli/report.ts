/**
 * How errors and warnings leave the process: one line on stderr, `treeport: ERR_CODE: message`, cleaned as
 * clean-text.ts does, and the exit status.
 */
import { inspect } from 'node:util';
import type { ErrorCode } from '../base/error-codes.ts';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { cleanLine, cleanLines } from './clean-text.ts';

/**
 * What is wrong with the process's surroundings, told by the words of Node's errors. They come from anywhere, starting
 * a thread for one, and often without an errno.
 */
const SURROUNDINGS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /\bEMFILE\b|too many open files/i,
    'ERR_OPEN_FILES',
    'too many open files for this process; raise the limit (ulimit -n 1024)',
  ],
  [/\buv_cwd\b/, 'ERR_WORKING_DIRECTORY', 'the working directory was deleted; change to one that exists'],
];

/** Any thrown value with a code: system errors are ERR_DISK_FULL or ERR_IO, all else is our own fault. */
export function codedError(thrown: unknown): TreeportError {
  if (isTreeportError(thrown) && thrown.code !== 'ERR_INTERNAL' && thrown.code !== 'ERR_IO') return thrown;
  const message = messageOf(thrown);
  for (const [words, code, advice] of SURROUNDINGS) {
    if (words.test(message)) return new TreeportError(code, `${advice} (${message})`, { cause: thrown });
  }
  if (isTreeportError(thrown)) return thrown;
  const errno = errnoOf(thrown);
  const code = errno === undefined ? 'ERR_INTERNAL' : errno === 'ENOSPC' ? 'ERR_DISK_FULL' : 'ERR_IO';
  return new TreeportError(code, message, { cause: thrown });
}

/** Errors of the command line itself. A bad image reference is one, as in ostree-ext, which parses it with the options. */
const USAGE_ERRORS: readonly ErrorCode[] = ['ERR_USAGE', 'ERR_IMAGE_REFERENCE', 'ERR_UNVERIFIED_REFERENCE'];

/** Prints the error, with its stack if TREEPORT_DEBUG is 1, and sets the exit status: 2 for usage errors, else 1. */
export function reportError(thrown: unknown): void {
  const error = codedError(thrown);
  process.exitCode = USAGE_ERRORS.includes(error.code) ? 2 : 1;
  printMessage(`${error.code}: ${messageOf(error)}`);
  if (process.env.TREEPORT_DEBUG === '1') process.stderr.write(`${cleanLines(inspect(thrown))}\n`);
}

/** Prints a line on stderr that names the program. */
export function printMessage(message: string): void {
  process.stderr.write(`treeport: ${cleanLine(message)}\n`);
}

/** Prints a warning of a verb: one line on stderr. */
export function warn(message: string): void {
  printMessage(`warning: ${message}`);
}
