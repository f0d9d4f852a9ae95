/**
 * "Did you mean …?" for misspelt names: verbs, options, refs, schemes. Compares by edit distance, in which
 * two exchanged neighbours count as one edit (optimal string alignment).
 */

const MAX_DISTANCE = 3;
/** Of the longer name's characters, so many must be right. */
const LEAST_SIMILARITY = 0.5;
const MOST_SUGGESTIONS = 3;

/**
 * The candidates that someone who wrote `word` may have meant: those that have it as their first or last
 * components, as `debian/12` has `12`, else the nearest ones. At most three, in the order of `candidates`.
 */
export function similarNames(word: string, candidates: Iterable<string>): readonly string[] {
  const all = [...new Set(candidates)].filter((name) => name !== word && name.length > 1);
  const longer = all.filter((name) => name.endsWith(`/${word}`) || name.startsWith(`${word}/`));
  if (word !== '' && longer.length > 0) return longer.slice(0, MOST_SUGGESTIONS);
  const near = all.flatMap((name) => {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase());
    const length = Math.max(word.length, name.length);
    return distance <= MAX_DISTANCE && (length - distance) / length >= LEAST_SIMILARITY
      ? [{ name, distance }]
      : [];
  });
  const least = Math.min(...near.map(({ distance }) => distance));
  return near.flatMap(({ name, distance }) => (distance === least ? [name] : [])).slice(0, MOST_SUGGESTIONS);
}

/** `; did you mean A or B?`, to end a message with; empty if no candidate is similar. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const names = similarNames(word, candidates);
  return names.length === 0 ? '' : `; ${question(names)}`;
}

/** `did you mean A, B or C?`; of one name at least. */
export function question(names: readonly string[]): string {
  const others = names.slice(0, -1).join(', ');
  return `did you mean ${others === '' ? '' : `${others} or `}${names.at(-1)}?`;
}

/** Stops early, with a number above MAX_DISTANCE, if the lengths differ by more. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MAX_DISTANCE) return MAX_DISTANCE + 1;
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const next = [row];
    for (let column = 1; column <= other.length; column++) {
      const isEqual = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next.push(
        Math.min(
          (last[column] as number) + 1,
          (next[column - 1] as number) + 1,
          (last[column - 1] as number) + (isEqual ? 0 : 1),
          swapped && row > 1 ? (before[column - 2] as number) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = last;
    last = next;
  }
  return last[other.length] as number;
}
