/**
 * Standard output of the verbs. Results go to stdout, progress and errors to stderr.
 * A reader that went away (`treeport … | head`) is no error: the process ends quietly, see run.ts.
 */
import { once } from 'node:events';

/** Writes a line, and waits for the reader if it is behind. */
export function printLine(line: string): Promise<void> {
  return writeOut(`${line}\n`);
}

/** Writes bytes or text as they are, and waits for the reader if it is behind. */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, 'drain');
}

/** Whether `--output` means standard output, as it does when it is not given. */
export function isStandardOutput(output: string | undefined): boolean {
  return output === undefined || output === '-';
}

/** Writes a result to where `--output` says: a path, or `-` for standard output. */
export async function writeResult(
  output: string | undefined,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (output === undefined || output === '-') for await (const piece of pieces) await writeOut(piece);
  else await (await import('../base/output-target.ts')).writeToPath(output, pieces);
}
