/**
 * Work that consists of calls of foreign functions, one after the other, as a generator: it yields each call
 * and gets its result. One piece of code thus runs on the calling thread, or call by call on libuv's pool.
 */
import type { lazyKoffi } from '../lzma/koffi.ts';

export type ForeignFunction = ReturnType<ReturnType<ReturnType<typeof lazyKoffi>['load']>['func']>;

export type ForeignCall = {
  readonly call: ForeignFunction;
  readonly values: readonly unknown[];
  /** Takes less time than the way to the pool and back. */
  readonly isShort?: boolean;
};

/** Yields calls of functions that return a number. */
export type Steps<Value> = Generator<ForeignCall, Value, number>;

/** Blocks the thread. */
export function runHere<Value>(steps: Steps<Value>): Value {
  let step = steps.next();
  while (step.done !== true) step = steps.next(callHere(step.value));
  return step.value;
}

/** Short calls block the thread. */
export async function runOnPool<Value>(steps: Steps<Value>): Promise<Value> {
  let step = steps.next();
  while (step.done !== true)
    step = steps.next(step.value.isShort === true ? callHere(step.value) : await onPool(step.value));
  return step.value;
}

function callHere({ call, values }: ForeignCall): number {
  return Number(call(...values));
}

/** Keeps the memory that the call is given alive. */
export function onPool({ call, values }: ForeignCall): Promise<number> {
  return new Promise((resolve, reject) => {
    call.async(...values, (error: unknown, result: unknown) =>
      error === null || error === undefined ? resolve(Number(result)) : reject(error),
    );
  });
}
