import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { historyChart } from '../../../src/container/simulate/chart.ts';
import { type SimulatedStep, simulate } from '../../../src/container/simulate/simulate.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { Random } from '../../gvariant/random.ts';
import { commitHistory, debianTree, type Tree } from '../../support/package-trees.ts';

const KB = 1000;

/** A file for each package, of so many random bytes, which deflate does not make smaller. */
function systemOf(packages: Readonly<Record<string, readonly [seed: number, size: number]>>): Tree {
  const names = Object.keys(packages);
  return debianTree(
    Object.fromEntries(names.map((name) => [name, [`/usr/bin/${name}`]])),
    Object.fromEntries(
      Object.entries(packages).map(([name, [seed, size]]) => [
        `usr/bin/${name}`,
        Buffer.from(
          Array.from(
            { length: size },
            (
              (random) => () =>
                random.below(256)
            )(new Random(seed)),
          ),
        ),
      ]),
    ),
  );
}

async function played(
  t: Parameters<typeof tempDir>[0],
  trees: readonly Tree[],
): Promise<readonly SimulatedStep[]> {
  const path = join(await tempDir(t), 'repo');
  const ids = await commitHistory(path, trees);
  const { objects } = await openRepository(path);
  return simulate(
    objects,
    ids.map((commit, index) => ({ name: `<${index}>`, commit })),
    { packings: ['stable', 'compatible', 'single'], maxLayers: 6, warn: assert.fail },
  );
}

function bytesOf(step: SimulatedStep | undefined, packing: string, previous: boolean): number {
  const found = step?.updates.find((each) => each.packing === packing && each.previous === previous);
  return found?.bytes ?? Number.NaN;
}

test('an update costs the layers that changed, and at least the objects that did', async (t) => {
  const before = { a: [1, 100 * KB], b: [2, 50 * KB] } as const;
  const steps = await played(t, [
    systemOf(before),
    systemOf({ ...before, b: [3, 50 * KB] }),
    systemOf({ ...before, b: [3, 50 * KB], c: [4, 20 * KB] }),
    systemOf({ ...before, b: [3, 50 * KB], c: [4, 20 * KB] }),
  ]);
  const [image, changed, added, same] = steps;
  const near = (bytes: number | undefined, expected: number) =>
    assert.ok(
      bytes !== undefined && bytes > expected && bytes < expected + 5 * KB,
      `${bytes}, not ${expected}`,
    );
  near(image?.minimum, 150 * KB);
  near(bytesOf(image, 'stable', true), 150 * KB);
  near(changed?.minimum, 50 * KB);
  near(added?.minimum, 20 * KB);
  for (const packing of ['stable', 'compatible']) {
    near(bytesOf(changed, packing, true), 50 * KB);
    near(bytesOf(added, packing, true), 20 * KB);
  }
  near(bytesOf(changed, 'single', false), 150 * KB);
  const ostreeLayer = bytesOf(same, 'stable', true);
  assert.ok(
    same?.minimum !== undefined && same.minimum < ostreeLayer && ostreeLayer < 2 * KB,
    `${ostreeLayer}`,
  );
  assert.equal(bytesOf(same, 'compatible', true), ostreeLayer);
  assert.deepEqual(
    added?.updates.find(({ packing, previous }) => packing === 'stable' && previous),
    {
      packing: 'stable',
      previous: true,
      bytes: bytesOf(added, 'stable', true),
      layers: 6,
      newLayers: 3,
      notes: [],
    },
  );
});

test('the chart has a bar for each packing and update, and names are escaped', async (t) => {
  const steps = await played(t, [systemOf({ a: [1, KB] }), systemOf({ a: [2, KB] })]);
  const chart = historyChart(steps);
  assert.match(chart, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>\n$/s);
  assert.equal(chart.match(/<rect x=/g)?.length, 6);
  assert.ok(chart.includes('>&lt;1&gt;</text>') && !chart.includes('&lt;0&gt;'), chart);
  const label = (name: string) => chart.includes(`text-anchor="end">${name}</text>`);
  assert.ok(label('stable') && label('stable, cold') && label('single') && label('minimum'));
});
