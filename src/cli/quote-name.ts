/**
 * Quotes names as GNU `ls` does at a terminal (quoting style `shell-escape`), so that they can be pasted into
 * a shell: literal if the shell needs no quotes, otherwise in quotes, with unprintable characters as
 * `$'\033'`.
 */
import { UNSAFE_CHARACTERS } from './clean-text.ts';

/** Special to a shell anywhere in a name; after the `|`, only at its start, or as the whole name. */
const NEEDS_QUOTES = /[ !"$&'()*;<=>?[\\^`|]|^[#~]|^[{}]$|^$/u;
/** Special between double quotes, which are used for a name with an apostrophe if it has none of these. */
const UNSAFE_IN_DOUBLE = /["$\\`!]/u;
const UNPRINTABLE = new RegExp(`[${UNSAFE_CHARACTERS}]+`, 'gu');
const SHORT: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

/** The name in the form for terminals. */
export function quoteName(name: string): string {
  const isPrintable = name.search(UNPRINTABLE) < 0;
  if (isPrintable && !NEEDS_QUOTES.test(name)) return name;
  if (isPrintable && name.includes("'") && !UNSAFE_IN_DOUBLE.test(name)) return `"${name}"`;
  const [first = '', ...rest] = name.split(UNPRINTABLE).map((text) => text.replaceAll("'", "'\\''"));
  const unprintable = name.match(UNPRINTABLE) ?? [];
  const pieces = rest.map((text, at) => `'$'${octal(unprintable[at] ?? '')}'${text && `'${text}`}`);
  const isOpen = rest.length === 0 || rest.at(-1) !== '';
  return `'${first}${pieces.join('')}${isOpen ? "'" : ''}`;
}

function octal(characters: string): string {
  return [...Buffer.from(characters)]
    .map((byte) => SHORT[byte] ?? `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
}
