/**
 * Runs a command line: parses it with commander and turns what commander throws into errors of ours.
 * The exit status is 0 when done, 1 after an error, 2 when the command line makes no sense.
 */
import { CommanderError } from 'commander';
import { errnoOf, messageOf, TreeportError } from '../base/errors.ts';
import { provideLocks } from '../base/temporary.ts';
import { keepYoungGenerationSmall } from './gc-flags.ts';
import { buildProgram, isBrief } from './program.ts';
import { reportError } from './report.ts';
import { handleSignals } from './signals.ts';

/** Runs the words of a command line (without node and script) and sets the exit status. */
export async function run(words: readonly string[]): Promise<void> {
  handleSignals();
  provideLocks(async () => (await import('../native/libc/file-lock.ts')).tryLock);
  process.stdout.on('error', endOnClosedPipe);
  if (!isBrief(words)) await keepYoungGenerationSmall();
  try {
    const program = await buildProgram(words);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) reportUsage(error);
    else reportError(error);
  }
}

/** A reader that goes away, as `head` does, is no error. */
function endOnClosedPipe(error: Error): void {
  if (errnoOf(error) !== 'EPIPE') reportError(error);
  process.exit();
}

function reportUsage(thrown: CommanderError): void {
  if (thrown.exitCode === 0) return;
  // The help was shown in place of a message.
  if (thrown.code === 'commander.help') process.exitCode = 2;
  else reportError(usageError(thrown));
}

function usageError(thrown: CommanderError): TreeportError {
  const message = messageOf(thrown).replace(/^error: /, '');
  return new TreeportError('ERR_USAGE', `${message} (--help shows the right form)`, { cause: thrown });
}
