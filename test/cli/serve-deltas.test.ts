import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { DeltaMaintenance, type DeltaMaintenanceOptions } from '../../src/cli/serve-deltas.ts';
import { testFolder } from '../support/small-image.ts';

const HOUR = 3_600_000;

type Maintained = {
  readonly maintenance: DeltaMaintenance;
  readonly repo: string;
  readonly policy: string;
  readonly state: { now: number; runs: number; succeeds: boolean };
};

async function maintained(t: TestContext, run?: DeltaMaintenanceOptions['run']): Promise<Maintained> {
  const folder = await testFolder(t);
  const [repo, policy] = [join(folder, 'repo'), join(folder, 'policy')];
  await mkdir(join(repo, 'refs/heads/os'), { recursive: true });
  await writeFile(policy, 'one');
  const state = { now: 0, runs: 0, succeeds: true };
  const maintenance = new DeltaMaintenance({
    repo,
    policy,
    now: () => state.now,
    run: async (stop) => {
      state.runs += 1;
      return run === undefined ? state.succeeds : run(stop);
    },
  });
  return { maintenance, repo, policy, state };
}

test('deltas are maintained at first, and again when a ref, the summary or the policy changes', async (t) => {
  const { maintenance, repo, policy, state } = await maintained(t);
  const runsOf = async () => {
    const before = state.runs;
    for (const _ of [1, 2]) await maintenance.look();
    return state.runs - before;
  };
  assert.equal(await runsOf(), 1);
  assert.equal(await runsOf(), 0);
  await writeFile(join(repo, 'refs/heads/os/stable'), 'one');
  assert.equal(await runsOf(), 1);
  await writeFile(join(repo, 'summary'), 'one');
  assert.equal(await runsOf(), 1);
  await writeFile(policy, 'another');
  assert.equal(await runsOf(), 1);
  await rm(join(repo, 'refs/heads/os/stable'));
  assert.equal(await runsOf(), 1);
});

test('deltas are maintained once an hour without a change, and a minute after a failure', async (t) => {
  const { maintenance, state } = await maintained(t);
  await maintenance.look();
  state.now = HOUR - 1;
  await maintenance.look();
  assert.equal(state.runs, 1);
  state.now = HOUR;
  state.succeeds = false;
  await maintenance.look();
  assert.equal(state.runs, 2);
  state.now += 60_000 - 1;
  await maintenance.look();
  assert.equal(state.runs, 2);
  state.now += 1;
  await maintenance.look();
  assert.equal(state.runs, 3);
});

test('one run at a time; stopping ends it and waits for its end', async (t) => {
  const [started, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
  const { maintenance, repo, state } = await maintained(t, async (stop) => {
    stop.addEventListener('abort', () => ended.resolve(false));
    started.resolve();
    return ended.promise;
  });
  const looking = maintenance.look();
  await started.promise;
  await writeFile(join(repo, 'summary'), 'one');
  const again = maintenance.look();
  await maintenance.stop();
  await Promise.all([looking, again]);
  await maintenance.look();
  assert.equal(state.runs, 1);
});
