/** Transfer sizes: the layers of a mirror image of the Debian tree, by compression. */
import { join } from 'node:path';
import { THIS_BUILD } from '../builds.ts';
import { buildMirror, readImage } from '../mirror.ts';
import type { Row, Section } from '../result.ts';
import { withScratch } from '../storage.ts';

const COMPRESSIONS = ['gzip:1', 'gzip:6', 'zstd:3', 'zstd:19'];

export function benchSize(): Promise<Section> {
  return withScratch(async (scratch) => {
    const rows: Row[] = [];
    for (const compression of COMPRESSIONS) {
      const layout = join(scratch, compression.replace(':', '-'));
      await buildMirror(layout, compression, THIS_BUILD);
      const sizes = (await readImage(layout)).layers.map(({ bytes }) => bytes / 1e6);
      const row = (what: string, value: number): Row => ({
        what: `${compression}: ${what}`,
        unit: 'MB',
        values: [value],
      });
      rows.push(
        row(
          'encapsulated commit',
          sizes.slice(0, -2).reduce((sum, size) => sum + size, 0),
        ),
        row('runtime', sizes.at(-2) ?? 0),
        row('published repo', sizes.at(-1) ?? 0),
      );
    }
    return { title: 'layers of a mirror image of the Debian tree', rows };
  });
}
