/**
 * npm run bench [-- OPTION... NAME...]: runs all or the named benchmarks of treeport and the programs that it
 * replaces, and compares the figures with the goals. A missed goal does not change the exit status, because
 * the machine may be busy.
 */
import { writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHES, NAMES, named } from './benches.ts';
import { buildAgainst, THIS_BUILD } from './builds.ts';
import { formatMachine, machineFacts } from './machine.ts';
import { figureOf, type Section, verdictOf } from './result.ts';
import type { Setting } from './setting.ts';
import { formatSection } from './table.ts';

/** nginx is in sbin on Debian, which is not on every user's PATH. */
process.env.PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    json: { type: 'string' },
    against: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const names = named(positionals) ?? fail(`there are ${NAMES.join(', ')}`);
const rounds = Number(values.rounds ?? (quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${values.rounds} is not a count`);
const builds: Setting['builds'] = [
  THIS_BUILD,
  ...(values.against === undefined ? [] : [buildAgainst(values.against)]),
];
const setting: Setting = { rounds, builds, quick };

const machine = machineFacts();
process.stdout.write(`${formatMachine(machine)}\n`);
const sections: Section[] = [];
for (const name of names) {
  process.stderr.write(`${name}\n`);
  const section = await BENCHES[name](setting);
  sections.push(section);
  process.stdout.write(`${formatSection(section)}\n`);
}
if (values.json !== undefined) await writeFile(values.json, report());

function report(): string {
  const judged = sections.map(({ title, rows }) => ({
    title,
    rows: rows.map((row) => ({ ...row, figure: figureOf(row), verdict: verdictOf(row) })),
  }));
  return `${JSON.stringify({ machine, rounds, sections: judged }, null, 2)}\n`;
}

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}
