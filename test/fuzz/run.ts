/**
 * Runs the cases of one target: run.ts TARGET --seed N --seconds S, or --case N alone to repeat one. It tells its parent
 * which case it is at, so that one that hangs or ends the process is known by its number.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { Random } from '../gvariant/random.ts';
import { openImportTarget } from './import-target.ts';
import { openParserTarget } from './parser-target.ts';
import { openTarTarget } from './tar-target.ts';
import type { OpenTarget } from './target.ts';

const TARGETS: Readonly<Record<string, OpenTarget>> = {
  import: openImportTarget,
  parsers: openParserTarget,
  tar: openTarTarget,
};

/** What the process tells its parent. */
export type Message =
  | { readonly at: number }
  | { readonly failed: number; readonly why: string }
  | { readonly outcomes: Readonly<Record<string, number>>; readonly peakMB: number };

async function runCases(open: OpenTarget, folder: string): Promise<Message> {
  const { values } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const single = values.case !== undefined;
  const target = await open(join(folder, 'target'));
  const outcomes: Record<string, number> = {};
  const end = Date.now() + Number(values.seconds) * 1000;
  for (let at = Number(values.case ?? values.seed); ; at++) {
    tell({ at });
    try {
      const outcome = await target.runCase(new Random(at));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      return { failed: at, why: inspect(error) };
    }
    if (single || Date.now() >= end) break;
  }
  await target.close();
  return { outcomes, peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6 };
}

function tell(message: Message): void {
  if (process.send !== undefined) process.send(message);
  else if (!('at' in message)) console.log(message);
}

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  seconds: { type: 'string', default: '10' },
  case: { type: 'string' },
} as const;

const open = TARGETS[process.argv[2] ?? ''];
if (open === undefined) throw new Error(`no such target; there are ${Object.keys(TARGETS).join(', ')}`);
const folder = mkdtempSync(join(tmpdir(), 'treeport-fuzz-'));
try {
  tell(await runCases(open, folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.disconnect?.();
