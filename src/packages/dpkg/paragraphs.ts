/**
 * Paragraphs of `Field: value` lines, as in dpkg's and opkg's `status` (deb822(5)). Lines that start with
 * white space continue a value; blank lines end a paragraph.
 */
export type Paragraph = {
  /** Line number of its start, from 1. */
  readonly line: number;
  /** Values by field name in lower case; lines of a long value are joined by line ends. */
  readonly fields: ReadonlyMap<string, string>;
  /** Why it cannot be used; undefined if it is well formed. */
  readonly fault: string | undefined;
};

export function* paragraphs(text: string): Generator<Paragraph> {
  const reader = { line: 0, at: 0 };
  while (reader.at < text.length) {
    const start = reader.line + 1;
    const fields = new Map<string, string>();
    const state: { last: string | undefined; fault: string | undefined } = {
      last: undefined,
      fault: undefined,
    };
    for (let line = nextLine(text, reader); line !== undefined && line.trim() !== ''; ) {
      addLine(fields, state, line, reader.line);
      line = nextLine(text, reader);
    }
    if (fields.size > 0 || state.fault !== undefined) yield { line: start, fields, fault: state.fault };
  }
}

function nextLine(text: string, reader: { line: number; at: number }): string | undefined {
  if (reader.at >= text.length) return undefined;
  const found = text.indexOf('\n', reader.at);
  const end = found < 0 ? text.length : found;
  const line = text.slice(reader.at, end);
  reader.at = end + 1;
  reader.line += 1;
  return line;
}

function addLine(
  fields: Map<string, string>,
  state: { last: string | undefined; fault: string | undefined },
  line: string,
  number: number,
): void {
  if (/^\s/.test(line)) {
    if (state.last === undefined) state.fault ??= `line ${number} continues no field`;
    else fields.set(state.last, `${fields.get(state.last)}\n${line.trim()}`);
    return;
  }
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
  if (!/^[!-~]+$/.test(name)) {
    state.fault ??= `line ${number} is no "Field: value"`;
    return;
  }
  if (fields.has(name)) state.fault ??= `line ${number} repeats the field ${line.slice(0, colon)}`;
  fields.set(name, line.slice(colon + 1).trim());
  state.last = name;
}
