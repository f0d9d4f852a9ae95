/** How progress is shown on stderr: a bar on a terminal, lines, or JSON, one object per line. */
import { formatByteSize } from '../base/byte-size.ts';
import { jsonText } from './clean-text.ts';
import type { ProgressStyle } from './options.ts';

/** A moment of the work. */
export type ProgressState = {
  readonly label: string;
  /** What is being done now, if the work has several parts. */
  readonly part: string | undefined;
  /** Of this part. */
  readonly done: number;
  readonly total: number | undefined;
  readonly unit: string;
  /** Per second, of late. */
  readonly rate: number | undefined;
  /** Of the whole work, from 0 to 1; undefined if unknown. */
  readonly fraction: number | undefined;
};

export type ProgressWriter = {
  /** Milliseconds between calls of `show`, and before the first. */
  readonly interval: number;
  readonly delay: number;
  show(state: ProgressState): void;
  /** Removes what should not stay. */
  clear(): void;
};

const BAR_CELLS = 24;
const DEFAULT_COLUMNS = 80;

export const WRITERS: Readonly<Record<ProgressStyle, ProgressWriter>> = {
  none: { interval: Number.POSITIVE_INFINITY, delay: 0, show: () => {}, clear: () => {} },
  plain: {
    interval: 5000,
    delay: 5000,
    show: (state) => write(`${state.label}: ${progressText(state)}\n`),
    clear: () => {},
  },
  tty: {
    interval: 100,
    delay: 0,
    show: (state) => {
      const bar = state.fraction === undefined ? '' : `${drawBar(state.fraction)} `;
      const line = `${state.label} ${bar}${progressText(state)}`;
      // A line that wraps could not be replaced.
      write(`\r\x1b[K${line.slice(0, (process.stderr.columns || DEFAULT_COLUMNS) - 1)}`);
    },
    clear: () => write('\r\x1b[K'),
  },
  json: {
    interval: 500,
    delay: 0,
    show: ({ label, part, done, total, unit, rate, fraction }) => {
      const facts = { part, done, total, unit, rate: rate && Math.round(rate), fraction };
      write(`${jsonText({ event: 'progress', verb: label, ...facts })}\n`);
    },
    clear: () => {},
  },
};

function write(text: string): void {
  process.stderr.write(text);
}

function drawBar(fraction: number): string {
  const filled = Math.floor(fraction * BAR_CELLS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}]`;
}

function progressText({ part, done, total, unit, rate, fraction }: ProgressState): string {
  const share = fraction === undefined ? '' : `${Math.floor(fraction * 100)} %, `;
  const what = part === undefined ? '' : `${part} `;
  const of = total === undefined ? '' : ` of ${formatAmount(total, unit)}`;
  const speed = rate === undefined ? '' : `, ${formatAmount(Math.round(rate), unit)}/s`;
  return `${share}${what}${formatAmount(done, unit)}${of}${speed}`;
}

/** `bytes` are shown in SI units, any other unit by its name. */
export function formatAmount(amount: number, unit: string): string {
  return unit === 'bytes' ? formatByteSize(amount) : `${amount} ${unit}`;
}
