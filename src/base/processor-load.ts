/**
 * How much of the machine's processor time is unused, from /proc/stat (proc_stat(5)). In a container that is
 * the whole machine's, so that background work does not compete with other programs either.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

type Ticks = { readonly idle: number; readonly all: number; readonly at: number };

/** Long enough for the kernel's ticks of 10 ms. */
export const WINDOW_MS = 250;

export class ProcessorLoad {
  readonly #read: () => string;
  #last: Ticks | undefined;
  #idleShare = 0;

  /** `read` returns the content of /proc/stat. */
  constructor(read: () => string = readStat) {
    this.#read = read;
  }

  /** The unused share of the last quarter of a second or so, 0 to 1; 0 while it is not known. */
  idleShare(): number {
    const last = this.#last;
    const at = performance.now();
    if (last !== undefined && at - last.at < WINDOW_MS) return this.#idleShare;
    const now = ticksOf(this.#read(), at);
    this.#last = now;
    this.#idleShare = shareOf(last, now);
    return this.#idleShare;
  }
}

function shareOf(last: Ticks | undefined, now: Ticks | undefined): number {
  if (last === undefined || now === undefined || now.all <= last.all) return 0;
  // A mean of a longer time says little about now.
  return now.at - last.at > 4 * WINDOW_MS ? 0 : (now.idle - last.idle) / (now.all - last.all);
}

function readStat(): string {
  try {
    return readFileSync('/proc/stat', 'latin1');
  } catch {
    return '';
  }
}

/** The first line: `cpu`, then user, nice, system, idle, iowait, irq, softirq, steal. */
function ticksOf(stat: string, at: number): Ticks | undefined {
  const columns = /^cpu +(\d.*)$/m.exec(stat)?.[1]?.split(' ', 8).map(Number);
  if (columns === undefined || columns.length < 8) return undefined;
  // Waiting for disks counts as use: what waits will want a processor soon.
  const [, , , idle = 0] = columns;
  return { idle, all: columns.reduce((sum, ticks) => sum + ticks, 0), at };
}
