/**
 * The figures of benchmarks as JSON: what --json writes, and docs/benchmarks.json, from which the page is
 * made. Each section states its own machine and date, because sections are replaced one by one.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import { figureOf, type Section, type Verdict, verdictOf } from './result.ts';

export type Measured = Section & {
  readonly machine: Machine;
  /** A part of the work was measured. */
  readonly quick: boolean;
};

/** By the name of the benchmark. */
export type Report = Readonly<Record<string, Measured>>;

export function readReport(path: string): Report {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Writes `report`, with figure and verdict of each row for readers of the JSON. */
export function writeReport(path: string, report: Report): void {
  const judged = Object.entries(report).map(([name, section]) => {
    const rows = section.rows.map((row): typeof row & { figure: number; verdict: Verdict | undefined } => ({
      ...row,
      figure: figureOf(row),
      verdict: verdictOf(row),
    }));
    return [name, { ...section, rows }];
  });
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(judged), null, 2)}\n`);
}
