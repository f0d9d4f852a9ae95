/** The log of a server: pino for events, lines formatted by hand for requests, one output for both. */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { standardOutput } from './http/log-output.ts';
import { formattedLines, type WriteRequestLine } from './http/request-log.ts';

export type Log = {
  readonly logger: Logger;
  readonly writeRequestLine: WriteRequestLine;
  readonly output: DestinationStream;
};

/** pino's number for `warn`; errors are higher. */
const WARNING = 40;

/** A log on `to`, or on standard output, where warnings and errors are flushed at once. */
export function openLog(level: string, to?: DestinationStream): Log {
  if (to !== undefined)
    return { logger: pino({ level }, to), writeRequestLine: formattedLines(to), output: to };
  const output = standardOutput();
  const hooks: LoggerOptions['hooks'] = {
    logMethod(args, log, lineLevel) {
      log.apply(this, args);
      if (lineLevel >= WARNING) output.urge();
    },
  };
  return { logger: pino({ level, hooks }, output), writeRequestLine: formattedLines(output), output };
}
