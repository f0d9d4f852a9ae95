/** Runs wrk, which keeps a number of connections busy with requests from a list. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, shell } from '../command.ts';
import { withScratch } from '../storage.ts';

export type Load = {
  readonly origin: string;
  readonly paths: readonly string[];
  readonly connections: number;
  readonly seconds: number;
};

export type Answered = {
  readonly requests: number;
  readonly perSecond: number;
  /** Seconds within which 99 of 100 requests were answered. */
  readonly p99: number;
};

const SCRIPT = join(import.meta.dirname, 'wrk.lua');
const TIMEOUT = '30s';

/** Throws if a request is answered by anything but 200, or a connection breaks. */
export function load({ origin, paths, connections, seconds }: Load): Promise<Answered> {
  return withScratch(async (scratch) => {
    const list = join(scratch, 'paths');
    await writeFile(list, `${paths.join('\n')}\n`);
    const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', TIMEOUT, '-s', SCRIPT];
    const report = await output(
      shell('ulimit -n "$(ulimit -Hn)"; exec wrk "$@"', ...options, origin, '--', list),
    );
    const totals = JSON.parse(report.trim().split('\n').at(-1) ?? '{}');
    if (totals.refused > 0 || totals.broken > 0) {
      throw new Error(`wrk: ${totals.refused} answers were not 200, ${totals.broken} connections broke`);
    }
    return {
      requests: totals.requests,
      perSecond: (totals.requests / totals.microseconds) * 1e6,
      p99: totals.p99 / 1e6,
    };
  });
}
