/**
 * Runs the cases of one target and prints what came of them as JSON: run.ts TARGET --seed N --seconds S, or
 * --case N alone to repeat one. With --progress FILE the number of the current case is in that file, so that
 * one that hangs or ends the process is known.
 */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { inspect, parseArgs } from 'node:util';
import { Random } from '../gvariant/random.ts';
import { openDeltaTarget } from './delta-target.ts';
import { openImportTarget } from './import-target.ts';
import { openParserTarget } from './parser-target.ts';
import { openForeignTarget, openTarTarget } from './tar-target.ts';
import type { OpenTarget } from './target.ts';

const TARGETS: Readonly<Record<string, OpenTarget>> = {
  delta: openDeltaTarget,
  foreign: openForeignTarget,
  import: openImportTarget,
  parsers: openParserTarget,
  tar: openTarTarget,
};

export type Result =
  | { readonly failed: number; readonly why: string }
  | {
      readonly cases: number;
      /** How often a case ended with `done` or with an error's code. */
      readonly outcomes: Readonly<Record<string, number>>;
      readonly peakMB: number;
    };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    case: { type: 'string' },
    progress: { type: 'string' },
  },
});

async function runCases(open: OpenTarget, folder: string): Promise<Result> {
  const target = await open(join(folder, 'target'));
  const progress = values.progress === undefined ? undefined : openSync(values.progress, 'w');
  const outcomes: Record<string, number> = {};
  const first = Number(values.case ?? values.seed);
  const end = values.case === undefined ? Date.now() + Number(values.seconds) * 1000 : 0;
  for (let at = first; ; at++) {
    if (at % 1000 === 0) await letGo();
    if (progress !== undefined) writeSync(progress, String(at).padEnd(16), 0);
    try {
      const outcome = await target.runCase(new Random(at));
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      return { failed: at, why: inspect(error) };
    }
    if (Date.now() < end) continue;
    await target.close();
    return { cases: at - first + 1, outcomes, peakMB: (process.resourceUsage().maxRSS * 1024) / 1e6 };
  }
}

/** zlib lets go of its memory in a turn of the event loop, which parsers alone would never give it. */
async function letGo(): Promise<void> {
  globalThis.gc?.();
  flushCompileCache();
  await setImmediate();
}

const open = TARGETS[positionals[0] ?? ''];
if (open === undefined) throw new Error(`no such target; there are ${Object.keys(TARGETS).join(', ')}`);
const folder = mkdtempSync(join(tmpdir(), 'treeport-fuzz-'));
// The threads of each import load their modules anew.
enableCompileCache(join(folder, 'cache'));
try {
  console.log(JSON.stringify(await runCases(open, folder)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
