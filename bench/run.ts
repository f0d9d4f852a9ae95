/**
 * npm run bench [-- [--rounds N] [--json FILE] NAME...]: runs all or the named benchmarks of treeport and the
 * programs that it replaces, and compares the figures with the goals. A missed goal does not change the exit
 * status, because the machine may be busy.
 */
import { writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { parseArgs } from 'node:util';
import { benchDiff } from './diff.ts';
import { benchEncapsulate } from './encapsulate.ts';
import { benchFsck } from './fsck.ts';
import { benchImport } from './import.ts';
import { formatMachine, machineFacts } from './machine.ts';
import { benchMemory } from './memory.ts';
import { benchPull, benchPullWithoutFsync } from './pull.ts';
import { benchReady } from './ready.ts';
import { figureOf, type Section, verdictOf } from './result.ts';
import { benchSize } from './size.ts';
import { formatSection } from './table.ts';

const BENCHES: Readonly<Record<string, (rounds: number) => Promise<Section>>> = {
  fsck: benchFsck,
  diff: benchDiff,
  encapsulate: benchEncapsulate,
  import: benchImport,
  memory: benchMemory,
  size: benchSize,
  ready: benchReady,
  pull: benchPull,
  'pull-without-fsync': benchPullWithoutFsync,
};

/** nginx is in sbin on Debian, which is not on every user's PATH. */
process.env.PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, json: { type: 'string' } },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds ${values.rounds} is not a count`);
for (const name of positionals) {
  if (!(name in BENCHES)) fail(`no benchmark ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
}

const machine = machineFacts();
process.stdout.write(`${formatMachine(machine)}\n`);
const sections: Section[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  process.stderr.write(`${name}\n`);
  const section = await bench(rounds);
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
