/**
 * Progress of a verb on stderr, as `--progress` says; nothing with `--quiet`. Work may have several parts,
 * one after the other; the bar is of the whole and never goes back. At its end long work is summed up in one
 * line. Decision: docs/decisions/0137-own-progress.md.
 */
import { jsonText } from './clean-text.ts';
import type { ProgressStyle } from './options.ts';
import { formatAmount, WRITERS } from './progress-writers.ts';
import { printMessage } from './report.ts';

export type ProgressOptions = {
  /** The running work: `fsck`, `encapsulate`. */
  readonly label: string;
  /** `bytes` are shown in SI units, any other unit by its name. */
  readonly unit: string;
  readonly quiet?: boolean | undefined;
  /** How much of the whole the first part is, if there are others. */
  readonly share?: number;
};

/** What the summary says, besides the seconds. */
export type Finished = {
  /** The repository, image or file. */
  readonly where: string;
  readonly digest?: string;
  /** Default: what was done in the last part. */
  readonly amount?: number;
  readonly unit?: string;
};

export type Progress = {
  /** Sets the amount done; `total` is undefined if unknown. */
  update(done: number, total?: number): void;
  /** Adds to the amount done, so that work in parallel has one total; `total` as for `update`. */
  add(amount: number, total?: number): void;
  /** Sets how much of this part is done, from 0 to 1, where its amount has no total. */
  reach(fraction: number): void;
  /** Begins the next part: the rest of the whole. */
  next(part: string, unit: string): void;
  /** Clears the bar. */
  stop(): void;
  /** Clears the bar and prints the summary. */
  finish(finished: Finished): void;
};

const chosen: { style: ProgressStyle | undefined } = { style: undefined };

/** Applies `--progress`, once, before the verb runs. */
export function chooseProgress(style: ProgressStyle | undefined): void {
  chosen.style = style;
}

export function startProgress(options: ProgressOptions): Progress {
  return new ShownProgress(options);
}

/** Milliseconds that the rate is of. */
const RATE_WINDOW = 5000;
const MIN_RATE_TIME = 500;

type Sample = { readonly time: number; readonly done: number };

class ShownProgress implements Progress {
  readonly #options: ProgressOptions;
  readonly #style: ProgressStyle;
  readonly #start = Date.now();
  #part: string | undefined;
  #unit: string;
  #done = 0;
  #samples: Sample[];
  #fraction: number | undefined;
  /** Where this part begins in the whole. */
  #base = 0;
  #share: number;
  #shown: number;

  constructor(options: ProgressOptions) {
    this.#options = options;
    const { unit, share = 1, quiet = false } = options;
    this.#style = quiet ? 'none' : (chosen.style ?? (process.stderr.isTTY ? 'tty' : 'plain'));
    this.#unit = unit;
    this.#share = share;
    const { delay, interval } = WRITERS[this.#style];
    this.#shown = this.#start + delay - interval;
    this.#samples = [{ time: this.#start, done: 0 }];
  }

  update(done: number, total?: number): void {
    this.#done = done;
    if (total !== undefined && total > 0) this.reach(done / total);
    const now = Date.now();
    const { interval, show } = WRITERS[this.#style];
    if (!(now - this.#shown >= interval)) return;
    this.#shown = now;
    show({
      label: this.#options.label,
      part: this.#part,
      done,
      total,
      unit: this.#unit,
      rate: this.#rate(now),
      fraction: this.#fraction,
    });
  }

  add(amount: number, total?: number): void {
    this.update(this.#done + amount, total);
  }

  reach(fraction: number): void {
    const whole = this.#base + this.#share * Math.min(Math.max(fraction, 0), 1);
    this.#fraction = Math.max(this.#fraction ?? 0, whole);
  }

  next(part: string, unit: string): void {
    this.#part = part;
    this.#unit = unit;
    this.#base += this.#share;
    this.#share = 1 - this.#base;
    this.#samples = [{ time: Date.now(), done: 0 }];
    this.#done = 0;
  }

  stop(): void {
    WRITERS[this.#style].clear();
  }

  finish({ where, digest, amount = this.#done, unit = this.#unit }: Finished): void {
    this.stop();
    const { quiet, label } = this.#options;
    if (quiet) return;
    const seconds = (Date.now() - this.#start) / 1000;
    if (this.#style === 'json') {
      const facts = { verb: label, where, digest, amount, unit, seconds };
      process.stderr.write(`${jsonText({ event: 'finished', ...facts })}\n`);
      return;
    }
    const what = digest === undefined ? '' : `${digest}, `;
    printMessage(`${label}: ${where}: ${what}${formatAmount(amount, unit)}, ${seconds.toFixed(1)} s`);
  }

  /** Undefined in the first moments. */
  #rate(now: number): number | undefined {
    this.#samples.push({ time: now, done: this.#done });
    while (this.#samples.length > 2 && now - (this.#samples[1]?.time ?? now) >= RATE_WINDOW)
      this.#samples.shift();
    const [oldest] = this.#samples as [Sample];
    const time = now - oldest.time;
    return time < MIN_RATE_TIME ? undefined : Math.max(((this.#done - oldest.done) * 1000) / time, 0);
  }
}
