import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { encapsulate } from '../../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import type { PlanRecord } from '../../../src/container/packing/plan-record.ts';
import { planCommit } from '../../../src/container/plan/plan-commit.ts';
import { historyChart } from '../../../src/container/simulate/chart.ts';
import {
  type SimulatedStep,
  type SimulatedUpdate,
  simulate,
} from '../../../src/container/simulate/simulate.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import type { ObjectSource } from '../../../src/ostree/object-source.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { readLayout } from '../../e2e/support/layout.ts';
import { tempDir } from '../../e2e/support/scratch.ts';
import { Random } from '../../gvariant/random.ts';
import { ENCAPSULATE_OPTIONS } from '../../support/mirror-images.ts';
import { commitHistory, debianTree, type Tree } from '../../support/package-trees.ts';

const KB = 1000;
const LAYERS = 6;
/** Headers of tar, deflated: what each layer has besides its objects. */
const EMPTY_LAYER = 4.5 * KB;

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
    { packings: ['stable', 'compatible', 'single'], maxLayers: LAYERS, warn: assert.fail },
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

/** Bytes and number of the layers that an image has and the one before has not, for each commit. */
async function downloads(
  t: TestContext,
  source: ObjectSource,
  commits: readonly Checksum[],
  { packing, previous }: Pick<SimulatedUpdate, 'packing' | 'previous'>,
): Promise<readonly { readonly bytes: number; readonly layers: number }[]> {
  const folder = await tempDir(t);
  const former: { record: PlanRecord | undefined; digests: ReadonlySet<string> } = {
    record: undefined,
    digests: new Set(),
  };
  const found = [];
  for (const commit of commits) {
    const { plan, record } = await planCommit(source, commit, {
      packing,
      maxLayers: LAYERS,
      ...(previous && former.record && { previous: former.record }),
    });
    const name = join(folder, commit);
    await publishImage({ transport: 'oci', name }, async (sink) =>
      finishImage(
        sink,
        await encapsulate(source, commit, sink, { ...ENCAPSULATE_OPTIONS, plan: () => plan }),
      ),
    );
    const sizes = new Map(readLayout(name).layers.map(({ digest, size }) => [digest, size]));
    const fresh = [...sizes].filter(([digest]) => !former.digests.has(digest));
    found.push({ bytes: fresh.reduce((sum, [, size]) => sum + size, 0), layers: fresh.length });
    Object.assign(former, { record, digests: new Set(sizes.keys()) });
  }
  return found;
}

test('figures are about those of the images that are really made', async (t) => {
  const text = { 'usr/share/unowned': 'nearly nothing '.repeat(20_000) };
  const path = join(await tempDir(t), 'repo');
  const commits = await commitHistory(path, [
    { ...systemOf({ a: [1, 300 * KB], b: [2, 150 * KB], c: [3, 90 * KB] }), ...text },
    { ...systemOf({ a: [1, 300 * KB], b: [4, 155 * KB], c: [3, 90 * KB] }), ...text },
    { ...systemOf({ a: [1, 300 * KB], b: [4, 155 * KB], c: [5, 95 * KB], d: [6, 60 * KB] }), ...text },
  ]);
  const { objects } = await openRepository(path);
  const named = commits.map((commit) => ({ name: commit, commit }));
  const options = { packings: ['stable', 'compatible', 'single'], maxLayers: LAYERS } as const;
  const steps = await simulate(objects, named, options);
  for (const series of steps[0]?.updates ?? []) {
    const real = await downloads(t, objects, commits, series);
    for (const [at, { updates }] of steps.entries()) {
      const { packing, previous } = series;
      const simulated = updates.find((each) => each.packing === packing && each.previous === previous);
      const [{ bytes, newLayers }, made] = [simulated ?? assert.fail(), real[at] ?? assert.fail()];
      const what = `${packing}, ${previous}, commit ${at}: ${bytes} bytes in ${newLayers}, really ${made.bytes}`;
      assert.equal(newLayers, made.layers, what);
      const difference = made.bytes - bytes;
      assert.ok(difference > 0 && difference < 0.01 * made.bytes + EMPTY_LAYER * newLayers, what);
    }
  }
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
