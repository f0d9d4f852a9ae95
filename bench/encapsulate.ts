/**
 * `treeport container encapsulate` and the pipe that it replaces, `ostree export | gzip -6`, on the same
 * disk.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { THIS_BUILD } from './builds.ts';
import { type Command, type Measured, measure, shell } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';
import { warmPageCache } from './page-cache.ts';
import { pairRatios, type Row, type Section } from './result.ts';
import { alternate, type Rounds } from './rounds.ts';
import type { Setting } from './setting.ts';
import { withScratch } from './storage.ts';

const GOAL = 0.6;
const PIPE = 'ostree export | gzip -6';
const OURS = 'treeport container encapsulate';
const OURS_ZSTD = `${OURS} --compression zstd`;

export function benchEncapsulate({ rounds }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const { bare } = await debianRepos();
    await warmPageCache(bare);
    const out = join(scratch, 'out');
    const encapsulate = (...options: string[]) =>
      THIS_BUILD.treeport(
        'container',
        'encapsulate',
        '--quiet',
        ...options,
        '--repo',
        bare,
        REF,
        `oci:${out}`,
      );
    const commands: Readonly<Record<string, Command>> = {
      [PIPE]: shell('ostree export --repo="$1" "$2" | gzip -6 > "$3"', bare, REF, out),
      [OURS]: encapsulate(),
      [OURS_ZSTD]: encapsulate('--compression', 'zstd'),
    };
    const contenders = Object.entries(commands).map(([name, command]) => ({
      name,
      async turn() {
        await rm(out, { recursive: true, force: true });
        return measure(command);
      },
    }));
    return { title: 'encapsulate the Debian tree', rows: rowsOf(await alternate(contenders, rounds)) };
  });
}

function rowsOf(results: Rounds<Measured>): Row[] {
  const figures = (name: string, key: keyof Measured) => (results.get(name) ?? []).map((one) => one[key]);
  const ratio = (name: string, atMost?: number): Row => ({
    what: `${name} / ${PIPE}`,
    unit: 'ratio',
    values: pairRatios(figures(name, 'seconds'), figures(PIPE, 'seconds')),
    ...(atMost === undefined ? {} : { atMost }),
  });
  const memory = (name: string): Row => ({
    what: `${name}, peak memory`,
    unit: 'MB',
    values: figures(name, 'peakMB'),
  });
  return [
    ...[...results.keys()].map(
      (name): Row => ({ what: name, unit: 'seconds', values: figures(name, 'seconds') }),
    ),
    ratio(OURS, GOAL),
    ratio(OURS_ZSTD),
    ...[OURS, OURS_ZSTD].map(memory),
  ];
}
