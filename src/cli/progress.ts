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
  /** Clears the bar. */
  stop(): void;
};

const BAR_CELLS = 30;
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;

export function startProgress(options: ProgressOptions): Progress {
  if (options.quiet) return { update: () => {}, stop: () => {} };
  return process.stderr.isTTY ? new TerminalProgress(options) : new LoggedProgress(options);
}

class TerminalProgress implements Progress {
  readonly options: ProgressOptions;
  readonly start = Date.now();
  drawn = 0;

  constructor(options: ProgressOptions) {
    this.options = options;
  }

  update(done: number, total?: number): void {
    if (Date.now() - this.drawn < TERMINAL_INTERVAL) return;
    this.drawn = Date.now();
    const bar = total === undefined ? '' : ` ${drawBar(done / Math.max(total, 1))}`;
    process.stderr.write(
      `\r\x1b[K${this.options.label}${bar} ${amounts(done, total, this.options.unit, this.start)}`,
    );
  }

  stop(): void {
    process.stderr.write('\r\x1b[K');
  }
}

class LoggedProgress implements Progress {
  readonly options: ProgressOptions;
  readonly start = Date.now();
  logged = Date.now();

  constructor(options: ProgressOptions) {
    this.options = options;
  }

  update(done: number, total?: number): void {
    if (Date.now() - this.logged < LOG_INTERVAL) return;
    this.logged = Date.now();
    process.stderr.write(`${this.options.label}: ${amounts(done, total, this.options.unit, this.start)}\n`);
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
