/**
 * Compares versions as rpm and pacman do. Both cut a version into runs of digits and runs of letters; digits
 * are numbers, and newer than letters.
 *
 * rpm (rpmio/rpmvercmp.c) knows `~`, which sorts before the end of the version, and `^`, which sorts right
 * after it. pacman (lib/libalpm/version.c) descends from the same code, without them; separators of different
 * lengths differ, and letters at the end make a version older (`1.0rc1` before `1.0`).
 */
type Cursor = { readonly text: string; at: number };

const DIGIT = /[0-9]/;
const LETTER = /[a-zA-Z]/;

/** Versions `[epoch:]version[-release]` of rpm packages: negative if `a` is older. */
export function compareRpmVersions(a: string, b: string): number {
  return compareParts(a, b, compareRpm, () => -1);
}

/** Versions `[epoch:]version[-release]` of pacman packages. Releases count only if both have one. */
export function comparePacmanVersions(a: string, b: string): number {
  return compareParts(a, b, comparePacman, () => 0);
}

type Compare = (a: string, b: string) => number;

/** `oneRelease`: the order of a version without a release and one with it. */
function compareParts(a: string, b: string, compare: Compare, oneRelease: () => number): number {
  const [x, y] = [splitVersion(a), splitVersion(b)];
  const epoch = compare(x.epoch, y.epoch);
  if (epoch !== 0) return epoch;
  const version = compare(x.version, y.version);
  if (version !== 0 || (x.release === undefined && y.release === undefined)) return version;
  if (x.release === undefined) return oneRelease();
  if (y.release === undefined) return -oneRelease();
  return compare(x.release, y.release);
}

function splitVersion(text: string): { epoch: string; version: string; release: string | undefined } {
  const [, epoch = '0', rest = ''] = /^(?:(\d*):)?(.*)$/s.exec(text) ?? [];
  const dash = rest.lastIndexOf('-');
  const version = dash < 0 ? rest : rest.slice(0, dash);
  return { epoch: epoch || '0', version, release: dash < 0 ? undefined : rest.slice(dash + 1) };
}

function compareRpm(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y]: [Cursor, Cursor] = [
    { text: a, at: 0 },
    { text: b, at: 0 },
  ];
  for (;;) {
    skip(x, (character) => !/[a-zA-Z0-9~^]/.test(character));
    skip(y, (character) => !/[a-zA-Z0-9~^]/.test(character));
    const [one, other] = [here(x), here(y)];
    if (one === '~' || other === '~') {
      if (one !== '~') return 1;
      if (other !== '~') return -1;
    } else if (one === '^' || other === '^') {
      if (one === '') return -1;
      if (other === '') return 1;
      if (one !== '^') return 1;
      if (other !== '^') return -1;
    } else {
      if (one === '' || other === '') break;
      const order = compareRuns(x, y);
      if (order !== 0) return order;
      continue;
    }
    x.at += 1;
    y.at += 1;
  }
  return Math.sign(rest(x) - rest(y));
}

function comparePacman(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y]: [Cursor, Cursor] = [
    { text: a, at: 0 },
    { text: b, at: 0 },
  ];
  while (rest(x) > 0 && rest(y) > 0) {
    const [before, beforeOther] = [x.at, y.at];
    skip(x, (character) => !/[a-zA-Z0-9]/.test(character));
    skip(y, (character) => !/[a-zA-Z0-9]/.test(character));
    if (rest(x) === 0 || rest(y) === 0) break;
    const separators = Math.sign(x.at - before - (y.at - beforeOther));
    if (separators !== 0) return separators;
    const order = compareRuns(x, y);
    if (order !== 0) return order;
  }
  if (rest(x) === 0 && rest(y) === 0) return 0;
  // More letters are older, anything else is newer.
  if (rest(x) === 0) return LETTER.test(here(y)) ? 1 : -1;
  return LETTER.test(here(x)) ? -1 : 1;
}

/** Compares the next run of digits or letters; the kind is that of `x`. */
function compareRuns(x: Cursor, y: Cursor): number {
  const kind = DIGIT.test(here(x)) ? DIGIT : LETTER;
  const [one, other] = [run(x, kind), run(y, kind)];
  // Numbers are newer than letters.
  if (other === '') return kind === DIGIT ? 1 : -1;
  if (kind === LETTER) return one === other ? 0 : one < other ? -1 : 1;
  return compareNumerals(one, other);
}

/** Compares decimal numerals of any length. */
export function compareNumerals(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (x.length !== y.length) return x.length < y.length ? -1 : 1;
  return x === y ? 0 : x < y ? -1 : 1;
}

function run(cursor: Cursor, kind: RegExp): string {
  const start = cursor.at;
  skip(cursor, (character) => kind.test(character));
  return cursor.text.slice(start, cursor.at);
}

function skip(cursor: Cursor, matches: (character: string) => boolean): void {
  while (cursor.at < cursor.text.length && matches(here(cursor))) cursor.at += 1;
}

/** The next character; empty at the end. */
function here({ text, at }: Cursor): string {
  return text[at] ?? '';
}

function rest({ text, at }: Cursor): number {
  return text.length - at;
}
