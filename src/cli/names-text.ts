/** Lists of names that may be long. */
const SHOWN = 4;

/** The first few, and how many more. */
export function namesText(names: readonly string[]): string {
  if (names.length <= SHOWN + 1) return names.join(', ');
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`;
}
