/**
 * Escapes text for people: control characters (line ends included) and characters that change the direction
 * of text become `\n`, `\x1b` or `\u{202e}`, so that nothing from an image or a repository can pass for a
 * line of ours or drive the terminal. Tabs stay.
 */

const LINE_END = /\r?\n/;
/**
 * Control characters, line and paragraph separators, lone surrogates, directional marks; for a regex class.
 */
export const UNSAFE_CHARACTERS = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const UNSAFE_IN_TEXT = new RegExp(`(?!\t)[${UNSAFE_CHARACTERS}]`, 'gu');
/** `JSON.stringify` escapes ASCII control characters itself; its own line ends are between strings. */
const UNSAFE_IN_JSON = new RegExp(`(?!\\n)[${UNSAFE_CHARACTERS}]`, 'gu');
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r' };

/** Escapes a single line. */
export function cleanLine(text: string): string {
  return text.replaceAll(UNSAFE_IN_TEXT, escapeCharacter);
}

/** Escapes each line of a text. */
export function cleanLines(text: string): string {
  return text.split(LINE_END).map(cleanLine).join('\n');
}

/** The lines of a text, each indented. */
export function indented(text: string, indent: string): readonly string[] {
  return text
    .trimEnd()
    .split(LINE_END)
    .map((line) => `${indent}${line}`);
}

/** JSON in which the unsafe characters are escaped as `\uXXXX`. */
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
