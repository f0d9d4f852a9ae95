/**
 * Work that consists of calls of foreign functions, one after the other, as a generator: it yields each call
 * and gets its result. One piece of code thus runs on the calling thread, or call by call on libuv's pool.
 */
import type { lazyKoffi } from '../lzma/koffi.ts';

export type ForeignFunction = ReturnType<ReturnType<ReturnType<typeof lazyKoffi>['load']>['func']>;

export type ForeignCall = readonly [call: ForeignFunction, ...values: readonly unknown[]];

/** Yields calls of functions that return a number. */
export type Steps<Value> = Generator<ForeignCall, Value, number>;

/** Blocks the thread. */
export function runHere<Value>(steps: Steps<Value>): Value {
  let step = steps.next();
  while (step.done !== true) {
    const [call, ...values] = step.value;
    step = steps.next(Number(call(...values)));
  }
  return step.value;
}

/** The calls keep the memory they were given alive. */
export async function runOnPool<Value>(steps: Steps<Value>): Promise<Value> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await onPool(step.value));
  return step.value;
}

function onPool([call, ...values]: ForeignCall): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...values, (error: unknown, result: unknown) =>
      error === null || error === undefined ? resolve(Number(result)) : reject(error),
    );
  });
}
