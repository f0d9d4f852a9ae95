/** The links of the measurements. A link without a speed is the loopback itself, with no proxy between. */
export type Speed = {
  readonly bytesPerSecond: number;
  /** Delay of one direction, in milliseconds: half the round trip. */
  readonly delayMs: number;
};

export type Link = { readonly name: string; readonly speed?: Speed };

const MEGABIT = 125_000;

export const LINKS = {
  loopback: { name: 'loopback' },
  gigabit: { name: '1 Gbit/s', speed: { bytesPerSecond: 1000 * MEGABIT, delayMs: 0 } },
  fast: { name: '100 Mbit/s', speed: { bytesPerSecond: 100 * MEGABIT, delayMs: 0 } },
  far: { name: '100 Mbit/s, 50 ms', speed: { bytesPerSecond: 100 * MEGABIT, delayMs: 25 } },
} as const satisfies Readonly<Record<string, Link>>;

/** Covers timers that fire late. */
const QUEUE_SECONDS = 0.01;
const LEAST_QUEUE = 64 * 1024;

/** Most bytes that wait in front of the link: a router's queue of bandwidth x round trip, and some more. */
export function queueLimit({ bytesPerSecond, delayMs }: Speed): number {
  const roundTrip = (2 * delayMs) / 1000;
  return bytesPerSecond * roundTrip + Math.max(LEAST_QUEUE, bytesPerSecond * QUEUE_SECONDS);
}
