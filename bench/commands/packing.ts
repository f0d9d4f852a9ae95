/** What the updates of a Debian system download under both packings of layers, by `container simulate`. */
import type { SimulatedStep } from '../../src/container/simulate/simulate.ts';
import { THIS_BUILD } from '../builds.ts';
import { output } from '../command.ts';
import { debianHistory, HISTORY } from '../debian-history.ts';
import { BY_DEFAULT, type Row, type Section } from '../result.ts';

/** Goals for the sum of the updates: of the bytes of `compatible`, and of those of the changed objects. */
const OF_COMPATIBLE = 0.7;
const OF_MINIMUM = 1.5;

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
  return { title: 'bytes of updates by packing of layers', rows: [...bytes, ...goals] };
}

/** With the plan of the image before. */
function bytesOf({ updates }: SimulatedStep, packing: string): number {
  return updates.find((each) => each.packing === packing && each.previous)?.bytes ?? Number.NaN;
}

function megabytes(what: string, value: number): Row {
  return { what, unit: 'MB', values: [value / 1e6] };
}

function share(what: string, value: number, atMost: number): Row {
  return { what, unit: 'share', values: [value], setting: BY_DEFAULT, atMost };
}
