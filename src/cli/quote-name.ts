/**
 * Names as GNU `ls` shows them at a terminal, its quoting style `shell-escape`: as they are where a shell takes them as
 * they are, else in quotes, and what cannot be shown as `$'\033'`. What is shown can be pasted into a shell.
 */
import { UNSAFE_CHARACTERS } from './clean-text.ts';

/** Anywhere; behind them, what matters at the start only. */
const NEEDS_QUOTES = /[ !"$&'()*;<=>?[\\^`|]|^[#~]|^[{}]$|^$/u;
/** What has its own meaning between double quotes, which are taken for a name with an apostrophe if they can be. */
const UNSAFE_IN_DOUBLE = /["$\\`!]/u;
const UNSHOWN = new RegExp(`[${UNSAFE_CHARACTERS}]+`, 'gu');
const SHORT: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
};

/** The name as it is shown at a terminal. */
export function quoteName(name: string): string {
  const isShown = name.search(UNSHOWN) < 0;
  if (isShown && !NEEDS_QUOTES.test(name)) return name;
  if (isShown && name.includes("'") && !UNSAFE_IN_DOUBLE.test(name)) return `"${name}"`;
  const [first = '', ...rest] = name.split(UNSHOWN).map((text) => text.replaceAll("'", "'\\''"));
  const unshown = name.match(UNSHOWN) ?? [];
  const pieces = rest.map((text, at) => `'$'${octal(unshown[at] ?? '')}'${text && `'${text}`}`);
  const isOpen = rest.length === 0 || rest.at(-1) !== '';
  return `'${first}${pieces.join('')}${isOpen ? "'" : ''}`;
}

function octal(characters: string): string {
  return [...Buffer.from(characters)]
    .map((byte) => SHORT[byte] ?? `\\${byte.toString(8).padStart(3, '0')}`)
    .join('');
}
