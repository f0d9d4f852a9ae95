/** Progress on stderr: a bar on a terminal, otherwise a line every few seconds; nothing with `--quiet`. */
import { formatByteSize } from '../base/byte-size.ts';

export type ProgressOptions = {
  /** The running work: `fsck`, `encapsulate`. */
  readonly label: string;
  /** `bytes` are shown in SI units, any other unit by its name. */
  readonly unit: string;
  readonly quiet?: boolean | undefined;
};

export type Progress = {
  /** Sets the amount done; `total` is undefined if unknown. */
  update(done: number, total?: number): void;
  /** Adds to the amount done, so that work in parallel has one total. */
  add(amount: number): void;
  /** Clears the bar. */
  stop(): void;
};

const BAR_CELLS = 30;
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;

export function startProgress(options: ProgressOptions): Progress {
  if (options.quiet) return { update: () => {}, add: () => {}, stop: () => {} };
  return process.stderr.isTTY ? new TerminalProgress(options) : new LoggedProgress(options);
}

abstract class ShownProgress implements Progress {
  readonly options: ProgressOptions;
  readonly start = Date.now();
  readonly interval: number;
  shown: number;
  done = 0;

  /** `shown` is when it was last shown, `interval` how long to wait before it is shown again. */
  constructor(options: ProgressOptions, shown: number, interval: number) {
    this.options = options;
    this.shown = shown;
    this.interval = interval;
  }

  update(done: number, total?: number): void {
    this.done = done;
    if (Date.now() - this.shown < this.interval) return;
    this.shown = Date.now();
    this.show(amounts(done, total, this.options.unit, this.start), total);
  }

  add(amount: number): void {
    this.update(this.done + amount);
  }

  abstract show(amounts: string, total: number | undefined): void;

  abstract stop(): void;
}

class TerminalProgress extends ShownProgress {
  constructor(options: ProgressOptions) {
    super(options, 0, TERMINAL_INTERVAL);
  }

  show(text: string, total: number | undefined): void {
    const bar = total === undefined ? '' : ` ${drawBar(this.done / Math.max(total, 1))}`;
    process.stderr.write(`\r\x1b[K${this.options.label}${bar} ${text}`);
  }

  stop(): void {
    process.stderr.write('\r\x1b[K');
  }
}

class LoggedProgress extends ShownProgress {
  constructor(options: ProgressOptions) {
    super(options, Date.now(), LOG_INTERVAL);
  }

  show(text: string): void {
    process.stderr.write(`${this.options.label}: ${text}\n`);
  }

  stop(): void {}
}

function drawBar(share: number): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * BAR_CELLS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}]`;
}

function amounts(done: number, total: number | undefined, unit: string, start: number): string {
  const of = total === undefined ? '' : ` of ${formatAmount(total, unit)}`;
  const seconds = (Date.now() - start) / 1000;
  const rate = seconds > 0.5 ? `, ${formatAmount(Math.round(done / seconds), unit)}/s` : '';
  return `${formatAmount(done, unit)}${of}${rate}`;
}

function formatAmount(amount: number, unit: string): string {
  return unit === 'bytes' ? formatByteSize(amount) : `${amount} ${unit}`;
}
