/**
 * Runs a command line: parses it with commander and converts commander's errors.
 * Exit status: 0 on success, 1 after an error, 2 for an invalid command line.
 */
import { type Command, CommanderError } from 'commander';
import { errnoOf, TreeportError } from '../base/errors.ts';
import { provideLocks } from '../base/temporary.ts';
import { keepYoungGenerationSmall } from './gc-flags.ts';
import { buildProgram, isBrief } from './program.ts';
import { reportError } from './report.ts';
import { handleSignals } from './signals.ts';
import { usageError } from './usage-error.ts';

/** Runs `words` (without node and script) and sets the exit status. */
export async function run(words: readonly string[]): Promise<void> {
  // The letter that commander suggests for the version.
  const args = words[0] === '-V' ? ['--version'] : words;
  handleSignals();
  provideLocks(async () => (await import('../native/libc/file-lock.ts')).tryLock);
  process.stdout.on('error', endOnClosedPipe);
  const isDone = reportEarlyEnd();
  if (!isBrief(args)) await keepYoungGenerationSmall();
  const program = await buildProgram(args);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) reportUsage(error, program, args);
    else reportError(error);
  } finally {
    isDone();
  }
}

/** Makes it an error that nothing is left to wait for before the returned function is called. */
function reportEarlyEnd(): () => void {
  const report = () =>
    reportError(new TreeportError('ERR_INTERNAL', 'the process ended before its work was done'));
  process.once('beforeExit', report);
  return () => process.removeListener('beforeExit', report);
}

/** A closed pipe is not an error: `head` closes it when it has enough. */
function endOnClosedPipe(error: Error): void {
  if (errnoOf(error) !== 'EPIPE') reportError(error);
  process.exit();
}

function reportUsage(thrown: CommanderError, program: Command, args: readonly string[]): void {
  if (thrown.exitCode === 0) return;
  // Commander has printed the help instead of a message.
  if (thrown.code === 'commander.help') process.exitCode = 2;
  else reportError(usageError(thrown, program, args));
}
