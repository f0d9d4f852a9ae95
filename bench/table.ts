/** Formats sections as a table; the --json file has the same rows. */
import { figureOf, type Row, type Section, type Unit, verdictOf } from './result.ts';

const DIGITS: Readonly<Record<Unit, number>> = {
  seconds: 2,
  ratio: 2,
  share: 4,
  MB: 0,
  'per second': 0,
  µs: 0,
};
const SUFFIX: Readonly<Record<Unit, string>> = {
  seconds: ' s',
  ratio: ' x',
  share: ' x',
  MB: ' MB',
  'per second': ' /s',
  µs: ' µs',
};

export function formatSection(section: Section): string {
  const lines = section.rows.map((row) => [
    row.what,
    formatFigure(figureOf(row), row.unit),
    spread(row),
    formatGoal(row),
    verdictOf(row) ?? '',
    row.setting ?? '',
  ]);
  const header = ['', 'figure', 'lowest - highest', 'goal', '', 'a user gets it'];
  return [`== ${section.title}`, ...align([header, ...lines]), ''].join('\n');
}

export function formatGoal({ unit, atMost, atLeast }: Row): string {
  if (atMost !== undefined) return `<= ${formatFigure(atMost, unit)}`;
  return atLeast === undefined ? '' : `>= ${formatFigure(atLeast, unit)}`;
}

export function spread(row: Row): string {
  if (row.values.length < 2) return '';
  return [Math.min(...row.values), Math.max(...row.values)]
    .map((value) => value.toFixed(DIGITS[row.unit]))
    .join(' - ');
}

export function formatFigure(value: number, unit: Unit): string {
  return unit === 'seconds' && value < 1
    ? `${Math.round(value * 1000)} ms`
    : value.toFixed(DIGITS[unit]) + SUFFIX[unit];
}

/** Aligns columns: the first left, figures right. */
function align(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
