/**
 * npm run bench [-- OPTION... NAME...]: runs all or the named benchmarks of treeport and the programs that it
 * replaces, and compares the figures with the goals. A missed goal does not change the exit status, because
 * the machine may be busy. A benchmark that fails does, and the others run all the same.
 *
 * --quick measures every goal once, in parts where the whole takes long; --rounds N; --against DIR also
 * measures the build in another checkout; --json FILE puts the figures into a file; --docs puts them into
 * docs/benchmarks.json and renders docs/benchmarks.md; --render only renders.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeRuntime } from '../scripts/runtimes.ts';
import { withRatios } from './against.ts';
import { BENCHES, NAMES, named } from './benches.ts';
import { buildAgainst, THIS_BUILD } from './builds.ts';
import { formatMachine, machineFacts } from './machine.ts';
import { fillPage } from './page.ts';
import { readReport, writeReport } from './report.ts';
import type { Setting } from './setting.ts';
import { formatSection } from './table.ts';

const DOCS = join(import.meta.dirname, '../docs');
const PAGE = join(DOCS, 'benchmarks.md');
const FIGURES = join(DOCS, 'benchmarks.json');

/** nginx is in sbin on Debian, which is not on every user's PATH. */
process.env.PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    json: { type: 'string' },
    against: { type: 'string' },
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const names = named(positionals, quick) ?? fail(`there are ${NAMES.join(', ')}`);
const rounds = Number(values.rounds ?? (quick ? 1 : 3));
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${values.rounds} is not a count`);
const builds: Setting['builds'] = [
  THIS_BUILD,
  ...(values.against === undefined ? [] : [buildAgainst(values.against)]),
];
const setting: Setting = { rounds, builds, quick };
/** Each section replaces the one of the same name. */
const reports = [...(values.json === undefined ? [] : [values.json]), ...(values.docs ? [FIGURES] : [])];

// People who install treeport get it, and libdeflate with it.
if (!values.render) await makeRuntime(process.arch);

const machine = machineFacts();
process.stdout.write(`${formatMachine(machine)}\n`);
for (const name of values.render ? [] : names) {
  process.stderr.write(`${name}\n`);
  try {
    const section = withRatios(await BENCHES[name](setting));
    process.stdout.write(`${formatSection(section)}\n`);
    for (const path of reports) {
      writeReport(path, { ...readReport(path), [name]: { ...section, machine, quick } });
    }
  } catch (error) {
    console.error(`bench: ${name} failed:`, error);
    process.exitCode = 1;
  }
}
if (values.docs || values.render) {
  writeFileSync(PAGE, fillPage(readFileSync(PAGE, 'utf8'), readReport(FIGURES)));
}

function fail(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}
