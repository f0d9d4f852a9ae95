/**
 * Reports objects that cannot be sent to the client, the log and the counters. Missing optional objects are
 * normal traffic and logged at debug; every other line has the object's name.
 */
import type { Logger } from 'pino';
import { errnoOf, isTreeportError, messageOf } from '../../base/errors.ts';
import type { Counters } from './counters.ts';

export type RequestFault = {
  readonly status: 404 | 500;
  /** One line of ASCII, without local paths. */
  readonly text: string;
};

export type FaultReporter = {
  /** The object does not exist. `optional`: clients ask for it without knowing whether it does. */
  missing(name: string, optional: boolean): RequestFault;
  /** Reading the object failed, ERR_OBJECT_MISSING included. */
  failed(name: string, error: unknown): RequestFault;
};

/** Descriptor limit of the process, and of the system. */
const NO_DESCRIPTORS = ['EMFILE', 'ENFILE'];

export function createFaultReporter(logger: Logger, counters: Counters): FaultReporter {
  const missing = (name: string, optional: boolean): RequestFault => {
    counters.missing += 1;
    logger[optional ? 'debug' : 'warn']({ object: name }, `object ${name} is missing`);
    return { status: 404, text: `no object ${name}` };
  };
  const failed = (name: string, error: unknown): RequestFault => {
    if (isTreeportError(error, 'ERR_OBJECT_MISSING')) return missing(name, false);
    const exhausted = NO_DESCRIPTORS.find((errno) => isCausedBy(error, errno));
    if (exhausted !== undefined) {
      logger.error(
        { code: exhausted },
        'out of file descriptors: raise the limit of open files of the server',
      );
      return { status: 500, text: 'the server has too many files open' };
    }
    const isCorrupt = isTreeportError(error, 'ERR_OBJECT_CORRUPT') || isTreeportError(error, 'ERR_VARIANT');
    counters[isCorrupt ? 'corrupt' : 'unreadable'] += 1;
    const code = isTreeportError(error) ? error.code : 'ERR_OBJECT_UNREADABLE';
    logger.error({ object: name, code }, messageOf(error));
    return {
      status: 500,
      text: `object ${name} ${isCorrupt ? 'is corrupt' : 'cannot be read'} in this repository`,
    };
  };
  return { missing, failed };
}

function isCausedBy(error: unknown, errno: string): boolean {
  return errnoOf(error) === errno || (error instanceof Error && isCausedBy(error.cause, errno));
}
