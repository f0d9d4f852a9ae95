/**
 * Compares versions as apk does (apk-tools' src/version.c):
 *
 *     number{.number}[letter]{_suffix[number]}[~commit][-rN]
 *
 * Suffixes up to `rc` make a version older than the one without. A component with a leading zero is compared
 * as text. Anything that does not fit ends the comparison: the longer version is newer.
 */
import { compareNumerals } from './rpm-version.ts';

/** In the order in which a missing token of one kind ranks against the others. */
const KINDS = ['first', 'number', 'letter', 'suffix', 'suffix number', 'commit', 'revision', 'end'] as const;
type Kind = (typeof KINDS)[number];
type Token = { readonly kind: Kind; readonly text: string };

const BEFORE = ['alpha', 'beta', 'pre', 'rc'];
const SUFFIXES = [...BEFORE, 'cvs', 'svn', 'git', 'hg', 'p'];
const END: Token = { kind: 'end', text: '' };

/** Negative if `a` is older. */
export function compareApkVersions(a: string, b: string): number {
  const [x, y] = [tokensOf(a), tokensOf(b)];
  for (let index = 0; ; index++) {
    const [one, other] = [x[index] ?? END, y[index] ?? END];
    if (one.kind !== other.kind) return compareKinds(one, other);
    if (one === END) return 0;
    const order = compareTokens(one, other);
    if (order !== 0) return order;
  }
}

function compareKinds(one: Token, other: Token): number {
  if (one.kind === 'suffix' && BEFORE.includes(one.text)) return -1;
  if (other.kind === 'suffix' && BEFORE.includes(other.text)) return 1;
  return KINDS.indexOf(one.kind) > KINDS.indexOf(other.kind) ? -1 : 1;
}

function compareTokens({ kind, text: a }: Token, { text: b }: Token): number {
  if (kind === 'suffix') return Math.sign(SUFFIXES.indexOf(a) - SUFFIXES.indexOf(b));
  const asText =
    kind === 'letter' || kind === 'commit' || (kind === 'number' && (a[0] === '0' || b[0] === '0'));
  if (!asText) return compareNumerals(a, b);
  return a === b ? 0 : a < b ? -1 : 1;
}

function tokensOf(version: string): readonly Token[] {
  const [, first, numbers = '', letter = '', suffixes = '', commit = '', revision] =
    /^(\d+)((?:\.\d+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?/.exec(
      version,
    ) ?? [];
  if (first === undefined) return [];
  const tokens: Token[] = [{ kind: 'first', text: first }];
  for (const text of numbers.split('.').slice(1)) tokens.push({ kind: 'number', text });
  if (letter !== '') tokens.push({ kind: 'letter', text: letter });
  for (const [, name = '', number = ''] of suffixes.matchAll(/_([a-z]+)(\d*)/g)) {
    tokens.push({ kind: 'suffix', text: name });
    if (number !== '') tokens.push({ kind: 'suffix number', text: number });
  }
  if (commit !== '') tokens.push({ kind: 'commit', text: commit });
  if (revision !== undefined) tokens.push({ kind: 'revision', text: revision });
  return tokens;
}
