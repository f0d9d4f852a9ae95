/** `treeport container encapsulate` and the pipe it replaces, `ostree export | gzip -6`, both to a file on one disk. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measured, measure, shell, treeport } from './command.ts';
import { debianRepos, REF } from './debian-tree.ts';
import { warmPageCache } from './page-cache.ts';
import { pairRatios, type Row, type Section } from './result.ts';
import { alternate } from './rounds.ts';
import { withScratch } from './storage.ts';

const GOALS = { ratio: 0.6, megabytes: 200 };
const PIPE = 'ostree export | gzip -6';
const OURS = 'treeport container encapsulate';
const OURS_ZSTD = `${OURS} --compression zstd`;

export function benchEncapsulate(rounds: number): Promise<Section> {
  return withScratch(async (scratch) => {
    const { bare, archive } = await debianRepos();
    await warmPageCache(bare, archive);
    const rows: Row[] = [];
    for (const [mode, repo] of Object.entries({ bare, archive })) {
      rows.push(...(await compare(mode, repo, join(scratch, 'out'), rounds)));
    }
    return { title: 'encapsulate the Debian tree', rows };
  });
}

async function compare(mode: string, repo: string, out: string, rounds: number): Promise<Row[]> {
  const encapsulate = (...options: string[]) =>
    treeport('container', 'encapsulate', '--quiet', ...options, '--repo', repo, REF, `oci:${out}`);
  const fresh = (command: Parameters<typeof measure>[0]) => async () => {
    await rm(out, { recursive: true, force: true });
    return measure(command);
  };
  const results = await alternate<Measured>(
    [
      { name: PIPE, turn: fresh(shell('ostree export --repo="$1" "$2" | gzip -6 > "$3"', repo, REF, out)) },
      { name: OURS, turn: fresh(encapsulate()) },
      { name: OURS_ZSTD, turn: fresh(encapsulate('--compression', 'zstd')) },
    ],
    rounds,
  );
  const figures = (name: string, key: keyof Measured) => (results.get(name) ?? []).map((one) => one[key]);
  const ratio = (name: string, atMost?: number): Row => ({
    what: `${mode}: ${name} / ${PIPE}`,
    unit: 'ratio',
    values: pairRatios(figures(name, 'seconds'), figures(PIPE, 'seconds')),
    ...(atMost === undefined ? {} : { atMost }),
  });
  return [
    ...[PIPE, OURS, OURS_ZSTD].map(
      (name): Row => ({ what: `${mode}: ${name}`, unit: 'seconds', values: figures(name, 'seconds') }),
    ),
    ratio(OURS, GOALS.ratio),
    ratio(OURS_ZSTD),
    {
      what: `${mode}: ${OURS}, peak memory`,
      unit: 'MB',
      values: figures(OURS, 'peakMB'),
      atMost: GOALS.megabytes,
    },
  ];
}
