/**
 * `treeport container encapsulate` and the pipe that it replaces, `ostree export | gzip -6`, on the same
 * disk; and the size of its layers, compared with gzip's of the same bytes as one stream.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { THIS_BUILD } from '../builds.ts';
import { output, run, shell } from '../command.ts';
import { debianRepos, REF } from '../debian-tree.ts';
import { readImage } from '../mirror.ts';
import { warmPageCache } from '../page-cache.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { compare } from './compare.ts';
import { VERB_MEGABYTES } from './goals.ts';

const GOALS = { ratio: 0.35, megabytes: VERB_MEGABYTES };
const SIZE_GOAL = 1.002;
const OURS = 'treeport container encapsulate';

export function benchEncapsulate(setting: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const { bare } = await debianRepos();
    await warmPageCache(bare);
    const out = join(scratch, 'out');
    const args = ['container', 'encapsulate', '--quiet', '--repo', bare, REF, `oci:${out}`];
    const zstd = { name: `${OURS}, zstd`, options: '--compression zstd' };
    const rows = await compare({
      setting,
      before: () => rm(out, { recursive: true, force: true }),
      theirs: {
        name: 'ostree export | gzip -6',
        command: () => shell('ostree export --repo="$1" "$2" | gzip -6 > "$3"', bare, REF, out),
      },
      ours: [
        { name: OURS, command: ({ treeport }) => treeport(...args), goals: GOALS },
        ...(setting.quick
          ? []
          : [
              {
                ...zstd,
                command: ({ treeport }: typeof THIS_BUILD) => treeport(...args, '--compression', 'zstd'),
              },
            ]),
      ],
    });
    await rm(out, { recursive: true, force: true });
    await run(THIS_BUILD.treeport(...args));
    return { title: 'encapsulate the Debian tree', rows: [...rows, await sizeRow(out)] };
  });
}

async function sizeRow(layout: string): Promise<Row> {
  const { layers } = await readImage(layout);
  const paths = layers.map(({ path }) => path);
  const ours = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const script = 'for layer; do zcat < "$layer" | gzip -6 | wc -c; done';
  const sizes = (await output(shell(script, ...paths))).trim().split('\n').map(Number);
  return {
    what: 'size of the layers / gzip -6 of the same bytes',
    unit: 'share',
    values: [ours / sizes.reduce((sum, size) => sum + size, 0)],
    setting: BY_DEFAULT,
    atMost: SIZE_GOAL,
  };
}
