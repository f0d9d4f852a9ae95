/**
 * Standard output of the verbs. Results go to stdout, progress and errors to stderr (report.ts).
 *
 * What people read is cleaned here (clean-text.ts). Names that scripts read are as they are in a pipe and quoted at a
 * terminal; bytes and patches are as they are in a pipe.
 * A reader that went away (`treeport … | head`) is no error: the process ends quietly, see run.ts.
 */
import { once } from 'node:events';
import { cleanLine, cleanLines, jsonText } from './clean-text.ts';
import { quoteName } from './quote-name.ts';

/** Writes a line of text for people, and waits for the reader if it is behind. */
export function printLine(line: string): Promise<void> {
  return writeOut(`${cleanLine(line)}\n`);
}

/** A path, ref or other name, as it stands in lines that are written by `printNames`. */
export function shownName(name: string): string {
  return process.stdout.isTTY ? quoteName(name) : name;
}

/** Writes a line of names that `shownName` gave, which a script may read. */
export function printNames(line: string): Promise<void> {
  return process.stdout.isTTY ? printLine(line) : writeOut(`${line}\n`);
}

/** Writes text of several lines, ended by a line end, that is data to a script. */
export function printText(text: string): Promise<void> {
  return writeOut(process.stdout.isTTY ? cleanLines(text) : text);
}

/** Writes a JSON document; on several lines if `indent` is given. */
export function printJson(value: unknown, indent?: number): Promise<void> {
  return writeOut(`${jsonText(value, indent)}\n`);
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
