/**
 * Reports errors and warnings: one line on stderr, `treeport: ERR_CODE: message`, escaped by clean-text.ts,
 * and the exit status.
 */
import { inspect } from 'node:util';
import type { ErrorCode } from '../base/error-codes.ts';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { withoutTemporaryNames } from '../base/temporary.ts';
import { cleanLine, cleanLines } from './clean-text.ts';

/**
 * Faults of the process's environment, recognised by Node's message, because these errors can occur anywhere
 * (starting a thread, for one) and often have no errno.
 */
const ENVIRONMENT_FAULTS: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /\bEMFILE\b|too many open files/i,
    'ERR_OPEN_FILES',
    'too many open files for this process; raise the limit (ulimit -n 1024)',
  ],
  [/\buv_cwd\b/, 'ERR_WORKING_DIRECTORY', 'the working directory was deleted; change to one that exists'],
];

/**
 * Gives any thrown value a code. Faults of the environment come before the code that they caused: with no
 * descriptor left, a repository looks as if it were missing. Other system errors are ERR_DISK_FULL or ERR_IO,
 * anything else is ERR_INTERNAL.
 */
export function codedError(thrown: unknown): TreeportError {
  const message = messageOf(thrown);
  for (const [pattern, code, advice] of ENVIRONMENT_FAULTS) {
    if (pattern.test(message) && !isTreeportError(thrown, code))
      return new TreeportError(code, `${advice} (${message})`, { cause: thrown });
  }
  if (isTreeportError(thrown)) return thrown;
  const errno = errnoOf(thrown);
  const code = errno === undefined ? 'ERR_INTERNAL' : errno === 'ENOSPC' ? 'ERR_DISK_FULL' : 'ERR_IO';
  return new TreeportError(code, message, { cause: thrown });
}

/**
 * Errors of the command line, with exit status 2. They include bad image references, because ostree-ext
 * parses those with the options. Errors of what the words name (a ref, a file) have status 1.
 */
export const USAGE_ERRORS: readonly ErrorCode[] = [
  'ERR_USAGE',
  'ERR_COMPRESSION',
  'ERR_IMAGE_REFERENCE',
  'ERR_UNVERIFIED_REFERENCE',
];

/**
 * Prints the error, with its stack if TREEPORT_DEBUG is 1. Sets the exit status: 2 for usage errors,
 * otherwise 1.
 */
export function reportError(thrown: unknown): void {
  const error = codedError(thrown);
  process.exitCode = USAGE_ERRORS.includes(error.code) ? 2 : 1;
  printMessage(`${error.code}: ${withoutTemporaryNames(messageOf(error))}`);
  if (process.env.TREEPORT_DEBUG === '1') process.stderr.write(`${cleanLines(inspect(thrown))}\n`);
}

/** Prints a line on stderr, prefixed with the program's name. */
export function printMessage(message: string): void {
  process.stderr.write(`treeport: ${cleanLine(message)}\n`);
}

/** Prints a warning of a verb: one line on stderr. */
export function warn(message: string): void {
  printMessage(`warning: ${message}`);
}
