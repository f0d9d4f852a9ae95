import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Machine } from '../../bench/machine.ts';
import { fillPage } from '../../bench/page.ts';
import { type Report, readReport } from '../../bench/report.ts';
import { BY_DEFAULT, type Row } from '../../bench/result.ts';
import { projectText, ROOT } from '../support/project.ts';

const MACHINE: Machine = {
  date: '2026-11-27 21:00',
  system: 'Debian',
  processor: 'a processor',
  cores: 2,
  memoryGiB: 24,
  load: 0.1,
  versions: { node: 'v24' },
};

function report(...rows: readonly Row[]): Report {
  return { pull: { title: 'pull', rows, machine: MACHINE, quick: false } };
}

function filled(place: string, ...rows: readonly Row[]): string {
  return fillPage(`before\n<!-- figures: ${place} -->\nold\n<!-- /figures -->\nafter\n`, report(...rows));
}

const ROW = { what: 'a | b', unit: 'ratio', values: [1.1, 1.3, 1.2] } as const;

test('a place is filled and everything around it is kept', () => {
  assert.equal(
    filled('met', { ...ROW, setting: BY_DEFAULT, atMost: 1.25 }),
    [
      'before',
      '<!-- figures: met -->',
      '',
      '| goal |  | figure | lowest – highest | a user gets it |',
      '|---|---|---|---|---|',
      '| pull: a \\| b | ≤ 1.25 x | 1.20 x | 1.10 x – 1.30 x | by default |',
      '',
      '<!-- /figures -->',
      'after',
      '',
    ].join('\n'),
  );
});

test('a goal that takes an option is not met', () => {
  const row: Row = { ...ROW, setting: '--cache-dir', atMost: 1.25 };
  assert.match(filled('met', row), /None/);
  assert.match(filled('missed', row), /None/);
  assert.match(filled('met-with-options', row), /--cache-dir/);
});

test('a goal is missed by too much as by too little', () => {
  assert.match(filled('missed', { ...ROW, setting: BY_DEFAULT, atMost: 1.19 }), /≤ 1.19 x/);
  assert.match(filled('missed', { ...ROW, setting: BY_DEFAULT, atLeast: 1.21 }), /≥ 1.21 x/);
  assert.match(filled('missed', { ...ROW, setting: BY_DEFAULT }), /None/);
});

test('a section states its machine, its date and its rounds', () => {
  assert.match(filled('all', ROW), /### Pull\n\n3 rounds:\n\n```\n2026-11-27 21:00 UTC, Debian\n/);
});

test('filling a filled page changes nothing', () => {
  const rows: Row[] = [{ ...ROW, setting: BY_DEFAULT, atMost: 1.25 }];
  const once = filled('all', ...rows);
  assert.equal(fillPage(once, report(...rows)), once);
});

test('an unknown place is an error', () => {
  assert.throws(() => filled('else', ROW), /unknown figures: else/);
});

test('docs/benchmarks.md shows the figures of docs/benchmarks.json', () => {
  const figures = join(ROOT, 'docs/benchmarks.json');
  if (!existsSync(figures)) return;
  const page = projectText('docs/benchmarks.md');
  assert.equal(fillPage(page, readReport(figures)), page, 'run npm run bench -- --render');
});
