/**
 * Measures contenders side by side: a warm-up, then rounds in which each has one turn. The order rotates, so
 * that drift of the machine's speed affects all contenders alike.
 */
export type Contender<T> = {
  readonly name: string;
  /** One turn. Does its unmeasured work before and after the measured command. */
  readonly turn: () => Promise<T>;
};

export type Rounds<T> = ReadonlyMap<string, readonly T[]>;

/** How many contenders have an unmeasured turn first. Turns that take minutes have none. */
export type WarmUp = 'all' | 'none';

export async function alternate<T>(
  contenders: readonly Contender<T>[],
  rounds: number,
  warmUp: WarmUp = 'all',
): Promise<Rounds<T>> {
  const results = new Map<string, T[]>(contenders.map(({ name }) => [name, []]));
  if (warmUp === 'all') for (const contender of contenders) await contender.turn();
  for (let round = 0; round < rounds; round++) {
    for (const contender of rotated(contenders, round)) {
      results.get(contender.name)?.push(await contender.turn());
    }
    process.stderr.write(`  round ${round + 1} of ${rounds} done\n`);
  }
  return results;
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
