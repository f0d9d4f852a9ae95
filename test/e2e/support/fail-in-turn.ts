/**
 * The loop of programs that have test/support/write-faults.c preloaded: rounds of the same work, each with
 * another call failing. What a round found is printed as a line of JSON.
 */
import { type FaultError, type FaultKind, loadFaults } from '../../support/write-faults.ts';

export type FaultJob = {
  readonly kind: FaultKind;
  /** Taken in turns. */
  readonly errors: readonly FaultError[];
  /** How many of the calls fail at most. */
  readonly most: number;
};

export type Fault = {
  readonly error: FaultError;
  /** The call that failed, with its path. */
  readonly call: string;
};

export type Round = {
  /** Calls below this path count. */
  readonly below: string;
  run(): Promise<string>;
  /** Looks at what the fault left; nothing fails any more. */
  found(outcome: string, fault: Fault): Promise<object>;
};

/** Which of so many calls fail: spread over all by default. */
export type ChooseCalls = (calls: number, most: number) => readonly number[];

/** `begin` makes a new place of work; the first round counts the calls. */
export async function failInTurn(
  { kind, errors, most }: FaultJob,
  begin: (nth: number) => Promise<Round>,
  choose: ChooseCalls = spread,
): Promise<void> {
  const faults = loadFaults();
  const counting = await begin(0);
  faults.arm(counting.below, kind, 0, 'EIO');
  await counting.run();
  for (const nth of choose(faults.disarm(), most)) {
    const error = errors[nth % errors.length] as FaultError;
    const round = await begin(nth);
    faults.arm(round.below, kind, nth, error);
    const outcome = await round.run();
    faults.disarm();
    const call = faults.last();
    // There may be fewer calls this time.
    if (call !== '') console.log(JSON.stringify(await round.found(outcome, { error, call })));
  }
}

function spread(calls: number, most: number): readonly number[] {
  const stride = Math.max(1, Math.ceil(calls / most));
  return Array.from({ length: Math.ceil(calls / stride) }, (_, index) => 1 + index * stride);
}
