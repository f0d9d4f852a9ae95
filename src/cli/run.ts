/**
 * Runs a command line: parses it with commander and converts commander's errors.
 * Exit status: 0 on success, 1 after an error, 2 for an invalid command line.
 */
import { CommanderError } from 'commander';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { provideLocks } from '../base/temporary.ts';
import { keepYoungGenerationSmall } from './gc-flags.ts';
import { buildProgram, isBrief } from './program.ts';
import { reportError } from './report.ts';
import { handleSignals } from './signals.ts';

/** Runs `args` (without node and script) and sets the exit status. */
export async function run(args: readonly string[]): Promise<void> {
  handleSignals();
  provideLocks(async () => (await import('../native/libc/file-lock.ts')).tryLock);
  process.stdout.on('error', endOnClosedPipe);
  if (!isBrief(args)) await keepYoungGenerationSmall();
  try {
    const program = await buildProgram(args);
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) reportUsage(error);
    else reportError(error);
  }
}

/** A closed pipe is not an error: `head` closes it when it has enough. */
function endOnClosedPipe(error: Error): void {
  if (errnoOf(error) !== 'EPIPE') reportError(error);
  process.exit();
}

function reportUsage(thrown: CommanderError): void {
  if (thrown.exitCode === 0) return;
  // Commander has printed the help instead of a message.
  if (thrown.code === 'commander.help') process.exitCode = 2;
  else reportError(usageError(thrown));
}

function usageError(thrown: CommanderError): TreeportError {
  const message = messageOf(thrown).replace(/^error: /, '');
  return new TreeportError('ERR_USAGE', `${message} (see --help)`, { cause: thrown });
}
