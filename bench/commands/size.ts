/** Transfer sizes: the layers of a mirror image of the Debian tree, by compression. */
import { join } from 'node:path';
import { THIS_BUILD } from '../builds.ts';
import { buildMirror, type Layer, readImage } from '../mirror.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';

const DEFAULT = 'gzip:6';
const OTHERS = ['gzip:1', 'zstd:3', 'zstd:19'];

export function benchSize({ quick }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const rows: Row[] = [];
    for (const compression of quick ? [DEFAULT] : [DEFAULT, ...OTHERS]) {
      const layout = join(scratch, compression.replace(':', '-'));
      await buildMirror(layout, compression, THIS_BUILD);
      const { layers, commitLayers } = await readImage(layout);
      const setting = compression === DEFAULT ? BY_DEFAULT : `--compression ${compression}`;
      const row = (what: string, value: number): Row => ({
        what: `${compression}: ${what}`,
        unit: 'MB',
        values: [value],
        setting,
      });
      rows.push(
        row('encapsulated commit', megabytes(layers.slice(0, commitLayers))),
        row('layers of the mirror', megabytes(layers.slice(commitLayers))),
      );
    }
    return { title: 'layers of a mirror image of the Debian tree', rows };
  });
}

function megabytes(layers: readonly Layer[]): number {
  return layers.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
}
