/**
 * Text for people, without what a terminal acts on or what makes it read otherwise than it is: control characters,
 * line ends among them, and those that turn the direction of text. They are shown as escapes (`\n`, `\x1b`,
 * `\u{202e}`), so that nothing an image or a repository holds can pass for a line of ours. Tabs stay.
 */

const LINE_END = /\r?\n/;
/** Control characters, line and paragraph separators, halves of pairs, marks and embeddings of direction; as a class. */
export const UNSAFE_CHARACTERS = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const UNSAFE_IN_TEXT = new RegExp(`(?!\t)[${UNSAFE_CHARACTERS}]`, 'gu');
/** `JSON.stringify` itself escapes the others, and its line ends are between strings. */
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)[${UNSAFE_CHARACTERS}]`, 'gu');
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' };

/** One line. */
export function cleanLine(text: string): string {
  return text.replaceAll(UNSAFE_IN_TEXT, escapeCharacter);
}

/** Several lines, each of them cleaned. */
export function cleanLines(text: string): string {
  return text.split(LINE_END).map(cleanLine).join('\n');
}

/** The lines of a text, each behind an indent that shows that they belong to one thing. */
export function indented(text: string, indent: string): readonly string[] {
  return text
    .trimEnd()
    .split(LINE_END)
    .map((line) => `${indent}${line}`);
}

/** JSON in which those characters, where they are left in strings, are escaped as JSON escapes them. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
}
