/**
 * What the updates of a Debian system download under both packings of layers, by `container simulate`; and
 * whether that is what images of the history really have.
 */
import { basename, join } from 'node:path';
import type { SimulatedStep } from '../../src/container/simulate/simulate.ts';
import { THIS_BUILD } from '../builds.ts';
import { output, run } from '../command.ts';
import { debianHistory, HISTORY } from '../debian-history.ts';
import { readImage } from '../mirror.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';
import { withScratch } from '../storage.ts';

/** Goals for the sum of the updates: of the bytes of `compatible`, and of those of the changed objects. */
const OF_COMPATIBLE = 0.7;
const OF_MINIMUM = 1.5;
const PACKINGS = ['stable', 'compatible'] as const;

export async function benchPacking(): Promise<Section> {
  const words = ['--repo', await debianHistory(), '--json', ...Object.keys(HISTORY)];
  const { steps } = JSON.parse(await output(THIS_BUILD.treeport('container', 'simulate', ...words)));
  const updates = (steps as readonly SimulatedStep[]).slice(1);
  const bytes = updates.flatMap(({ name, minimum, updates }): readonly Row[] => [
    megabytes(`${name}: changed objects alone`, minimum),
    ...updates.map(({ packing, previous, bytes }) =>
      megabytes(`${name}: ${packing}${previous || packing === 'single' ? '' : ', cold'}`, bytes),
    ),
  ]);
  const total = (of: (step: SimulatedStep) => number) => updates.reduce((sum, step) => sum + of(step), 0);
  const stable = total((step) => bytesOf(step, 'stable'));
  const most = Math.max(...updates.map((step) => bytesOf(step, 'stable') / bytesOf(step, 'compatible')));
  const goals: readonly Row[] = [
    share(
      'all updates: stable / compatible',
      stable / total((step) => bytesOf(step, 'compatible')),
      OF_COMPATIBLE,
    ),
    share('worst update: stable / compatible', most, 1),
    share('all updates: stable / changed objects', stable / total(({ minimum }) => minimum), OF_MINIMUM),
  ];
  const really = new Map<string, number>();
  for (const packing of PACKINGS) really.set(packing, await downloaded(packing));
  const made = PACKINGS.flatMap((packing): readonly Row[] => {
    const real = really.get(packing) ?? Number.NaN;
    return [
      megabytes(`all updates: ${packing}, images really made`, real),
      share(
        `all updates: ${packing}, simulated / really made`,
        total((step) => bytesOf(step, packing)) / real,
      ),
    ];
  });
  return { title: 'bytes of updates by packing of layers', rows: [...bytes, ...goals, ...made] };
}

/** Makes an image of each commit, from the plan of the one before; the bytes of layers that it had not. */
async function downloaded(packing: string): Promise<number> {
  const repo = await debianHistory();
  return withScratch(async (scratch) => {
    // The level that the simulation reckons with.
    const words = ['--quiet', '--repo', repo, '--packing', packing, '--compression', 'gzip:1'];
    const sum = { bytes: 0 };
    const former: { image: string | undefined; layers: ReadonlySet<string> } = {
      image: undefined,
      layers: new Set(),
    };
    for (const [index, ref] of Object.keys(HISTORY).entries()) {
      const image = join(scratch, String(index));
      const previous = former.image === undefined ? [] : ['--previous-build', `oci:${former.image}`];
      await run(THIS_BUILD.treeport('container', 'encapsulate', ...words, ...previous, ref, `oci:${image}`));
      const { layers } = await readImage(image);
      const isNew = ({ path }: (typeof layers)[number]) => !former.layers.has(basename(path));
      if (index > 0) sum.bytes += layers.filter(isNew).reduce((total, { bytes }) => total + bytes, 0);
      Object.assign(former, { image, layers: new Set(layers.map(({ path }) => basename(path))) });
    }
    return sum.bytes;
  });
}

/** With the plan of the image before. */
function bytesOf({ updates }: SimulatedStep, packing: string): number {
  return updates.find((each) => each.packing === packing && each.previous)?.bytes ?? Number.NaN;
}

function megabytes(what: string, value: number): Row {
  return { what, unit: 'MB', values: [value / 1e6] };
}

function share(what: string, value: number, atMost?: number): Row {
  return {
    what,
    unit: 'share',
    values: [value],
    setting: BY_DEFAULT,
    ...(atMost !== undefined && { atMost }),
  };
}
