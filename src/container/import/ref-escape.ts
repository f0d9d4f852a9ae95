/**
 * Text as part of a ref name, as ostree-ext escapes it:
 *
 * | character | escaped |
 * |---|---|
 * | ASCII letter or digit, `-` | itself |
 * | `_` | `__` |
 * | `/` after a letter or digit, not at the end | itself |
 * | any other | `_`, its code point in upper-case hexadecimal of at least two digits, `_` |
 *
 * One exception: ostree-ext does not escape a `-` at the start of a component, which ref names must not have.
 * treeport escapes it, and ostree-ext can read it back.
 */
import { TreeportError } from '../../base/errors.ts';

const ESCAPED = /_([0-9A-F]{2,6})_|__|[A-Za-z0-9/-]/y;

/** Escapes `text`; ERR_REF_SYNTAX for empty text and for NUL, which has no escape. */
export function escapeForRef(text: string): string {
  if (text === '' || text.includes('\0')) throw fault(text, 'cannot become part of a ref name');
  const characters = [...text];
  const parts: string[] = [];
  for (const [index, character] of characters.entries()) {
    const isLast = index === characters.length - 1;
    parts.push(escapeCharacter(character, characters[index - 1], parts.at(-1), isLast));
  }
  return parts.join('');
}

function escapeCharacter(
  character: string,
  previous: string | undefined,
  written: string | undefined,
  isLast: boolean,
): string {
  if (isAlphanumeric(character)) return character;
  if (character === '_') return '__';
  if (character === '-' && written !== undefined && written !== '/') return '-';
  if (character === '/' && previous !== undefined && isAlphanumeric(previous) && !isLast) return '/';
  const codePoint = character.codePointAt(0) ?? 0;
  return `_${codePoint.toString(16).toUpperCase().padStart(2, '0')}_`;
}

function isAlphanumeric(character: string): boolean {
  return /^[A-Za-z0-9]$/.test(character);
}

/** The inverse of {@link escapeForRef}; ERR_REF_SYNTAX if the text is not its output. */
export function unescapeFromRef(escaped: string): string {
  const parts: string[] = [];
  const pattern = new RegExp(ESCAPED);
  while (pattern.lastIndex < escaped.length) {
    const [token, digits] = pattern.exec(escaped) ?? [];
    if (token === undefined) throw fault(escaped, 'is not escaped as refs of images are');
    parts.push(token === '__' ? '_' : digits === undefined ? token : decode(digits, escaped));
  }
  return parts.join('');
}

function decode(digits: string, escaped: string): string {
  const codePoint = Number.parseInt(digits, 16);
  if (codePoint > 0 && codePoint <= 0x10ffff) return String.fromCodePoint(codePoint);
  throw fault(escaped, `has the escape _${digits}_, which is no character`);
}

function fault(text: string, what: string): TreeportError {
  return new TreeportError('ERR_REF_SYNTAX', `${JSON.stringify(text)} ${what}`);
}
