/**
 * Fills the figures of a report into docs/benchmarks.md. Each place is between `<!-- figures: NAME -->` and
 * `<!-- /figures -->`; everything else of the page is written by hand.
 */
import { formatMachine } from './machine.ts';
import type { Measured, Report } from './report.ts';
import { type Verdict, verdictOf } from './result.ts';
import { cellsOf, formatFigure, formatGoal, spread } from './table.ts';

const PLACE = /(<!-- figures: (\S+) -->\n)[\s\S]*?(<!-- \/figures -->)/g;

/** The page with the figures of the report; throws if it has a place of another name. */
export function fillPage(page: string, report: Report): string {
  const sections = Object.values(report);
  const places: Readonly<Record<string, () => string>> = {
    missed: () => goals(sections, 'missed'),
    'met-with-options': () => goals(sections, 'met with options'),
    met: () => goals(sections, 'met'),
    all: () => sections.map(wholeSection).join('\n'),
  };
  return page.replaceAll(PLACE, (_, opening: string, name: string, closing: string) => {
    const fill = places[name];
    if (fill === undefined) throw new Error(`docs/benchmarks.md has a place for unknown figures: ${name}`);
    return `${opening}\n${fill()}\n${closing}`;
  });
}

/** The goals of one verdict, section by section. */
function goals(sections: readonly Measured[], verdict: Verdict): string {
  const lines = sections.flatMap(({ title, rows }) =>
    rows
      .filter((row) => verdictOf(row) === verdict)
      .map((row) => [
        `${title}: ${row.what}`,
        formatGoal(row),
        formatFigure(row),
        spread(row),
        row.setting ?? '',
      ]),
  );
  if (lines.length === 0) return 'None.\n';
  return table(['goal', '', 'figure', 'lowest - highest', 'a user gets it'], lines);
}

function wholeSection({ title, rows, machine, quick }: Measured): string {
  const rounds = Math.max(...rows.map(({ values }) => values.length));
  const how = `${rounds === 1 ? 'One round' : `${rounds} rounds`}${quick ? ' of the quick set' : ''}`;
  const lines = rows.map(cellsOf);
  return [
    `### ${title[0]?.toUpperCase()}${title.slice(1)}`,
    '',
    `${how}:`,
    '',
    '```',
    formatMachine(machine).trim(),
    '```',
    '',
    table(['', 'figure', 'lowest - highest', 'goal', 'verdict', 'a user gets it'], lines),
  ].join('\n');
}

function table(header: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`;
  return `${[line(header), `|${'---|'.repeat(header.length)}`, ...lines.map(line)].join('\n')}\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('<=', '≤').replaceAll('>=', '≥').replaceAll(' - ', ' – ');
}
