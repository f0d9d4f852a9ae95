/**
 * Standard output of the verbs. Results go to stdout, progress and errors to stderr (report.ts).
 *
 * Text for people is escaped (clean-text.ts). Names are quoted at a terminal and literal in a pipe, where
 * scripts read them; patches are escaped at a terminal and literal in a pipe; bytes are always literal. A
 * closed pipe (`treeport … | head`) is not an error: the process exits silently, see run.ts.
 */
import { once } from 'node:events';
import { cleanLine, cleanLines, jsonText } from './clean-text.ts';
import { quoteName } from './quote-name.ts';

/** Writes a line of text for people; waits for stdout to drain. */
export function printLine(line: string): Promise<void> {
  return writeOut(`${cleanLine(line)}\n`);
}

/** Formats a path, ref or other name for `printNames`. */
export function shownName(name: string): string {
  return process.stdout.isTTY ? quoteName(name) : name;
}

/** Writes a line of names formatted by `shownName`. Scripts may read it. */
export function printNames(line: string): Promise<void> {
  return process.stdout.isTTY ? printLine(line) : writeOut(`${line}\n`);
}

/** Writes text of several lines, with a final line end. Scripts may read it. */
export function printText(text: string): Promise<void> {
  return writeOut(process.stdout.isTTY ? cleanLines(text) : text);
}

/** Writes a JSON document, on several lines if `indent` is set. */
export function printJson(value: unknown, indent?: number): Promise<void> {
  return writeOut(`${jsonText(value, indent)}\n`);
}

/** Writes a JSON array, one value on a line, without keeping the values. */
export async function printJsonArray(values: AsyncIterable<unknown>): Promise<void> {
  const written = { any: false };
  for await (const value of values) {
    await writeOut(`${written.any ? ',' : '['}\n  ${jsonText(value)}`);
    written.any = true;
  }
  await writeOut(written.any ? '\n]\n' : '[]\n');
}

/** Writes bytes or text unchanged; waits for stdout to drain. */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, 'drain');
}

/** Resolves when the memory of the bytes may be used again; never after an error, which ends the process. */
function writePiece(bytes: Uint8Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stdout.write(bytes, (error) => {
    if (error == null) resolve();
  });
  return promise;
}

/** Whether `--output` is `-` or absent, which means standard output. */
export function isStandardOutput(output: string | undefined): boolean {
  return output === undefined || output === '-';
}

/** Writes a result to `--output`: a path, or `-` for standard output. */
export async function writeResult(
  output: string | undefined,
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  if (output === undefined || output === '-') for await (const piece of pieces) await writePiece(piece);
  else await (await import('../base/output-target.ts')).writeToPath(output, pieces);
}
