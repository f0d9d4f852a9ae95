/**
 * Runs a command line and is the one place that turns an error into words and an exit status:
 * 0 done, 1 failed, 2 the command line makes no sense. An error is one line on stderr,
 * `treeport: ERR_CODE: message`; TREEPORT_DEBUG=1 adds the stack.
 */
import { CommanderError } from 'commander';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../base/errors.ts';
import { buildProgram } from './program.ts';
import { handleSignals } from './signals.ts';

/** Runs the words of a command line (without node and script) and sets the exit status. */
export async function run(words: readonly string[]): Promise<void> {
  handleSignals();
  process.stdout.on('error', endOnClosedPipe);
  try {
    await buildProgram().parseAsync(words, { from: 'user' });
  } catch (error) {
    report(error);
  }
}

function endOnClosedPipe(error: Error): void {
  if (errnoOf(error) === 'EPIPE') process.exit();
  report(error);
  process.exit();
}

function report(thrown: unknown): void {
  const error = coded(thrown);
  if (error === 'done') return;
  process.exitCode = error === 'help shown' || error.code === 'ERR_USAGE' ? 2 : 1;
  if (error === 'help shown') return;
  process.stderr.write(`treeport: ${error.code}: ${messageOf(error)}\n`);
  if (process.env.TREEPORT_DEBUG === '1') console.error(thrown);
}

/** Any thrown value as a TreeportError, or what commander has already done about it. */
export function coded(thrown: unknown): TreeportError | 'done' | 'help shown' {
  if (isTreeportError(thrown)) return thrown;
  if (thrown instanceof CommanderError) return fromCommander(thrown);
  const errno = errnoOf(thrown);
  const code = errno === undefined ? 'ERR_INTERNAL' : errno === 'ENOSPC' ? 'ERR_DISK_FULL' : 'ERR_IO';
  return new TreeportError(code, messageOf(thrown), { cause: thrown });
}

function fromCommander(thrown: CommanderError): TreeportError | 'done' | 'help shown' {
  if (thrown.exitCode === 0) return 'done';
  if (thrown.code === 'commander.help') return 'help shown';
  const message = thrown.message.replace(/^error: /, '');
  return new TreeportError('ERR_USAGE', `${messageOf(message)} (--help shows the right form)`, {
    cause: thrown,
  });
}
