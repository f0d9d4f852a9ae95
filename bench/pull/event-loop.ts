/** How long the event loop of the mirror image is held up while it encodes every object for a pull. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BY_DEFAULT, type Section } from '../result.ts';
import { withServer } from '../server.ts';
import type { Setting } from '../setting.ts';
import { withScratch } from '../storage.ts';
import { newClient, pull } from './client.ts';
import { image, setStage } from './servers.ts';

const GOAL_SECONDS = 0.02;
const PROBE = join(import.meta.dirname, 'event-loop-probe.ts');

export type Delays = { readonly p99: number; readonly max: number };

export function benchEventLoop({ rounds, builds: [build] }: Setting): Promise<Section> {
  return withScratch(async (scratch) => {
    const stage = await setStage(scratch, build);
    const delays: Delays[] = [];
    while (delays.length < rounds) delays.push(await delaysOfPull(stage));
    const row = (what: string, key: keyof Delays) => ({
      what,
      unit: 'seconds' as const,
      values: delays.map((one) => one[key]),
      setting: BY_DEFAULT,
    });
    return {
      title: 'delay of the event loop while the mirror image encodes',
      rows: [{ ...row('99 of 100 turns', 'p99'), atMost: GOAL_SECONDS }, row('longest', 'max')],
    };
  });
}

/** Seconds, of the process with the longest ones. */
async function delaysOfPull(stage: Parameters<typeof image>[0]): Promise<Delays> {
  const reports = stage.fresh('delays');
  await mkdir(reports, { recursive: true });
  const environment = {
    ...stage.mirror.environment,
    NODE_OPTIONS: `--import ${PROBE}`,
    TREEPORT_BENCH_DELAYS: reports,
  };
  await withServer(image({ ...stage, mirror: { ...stage.mirror, environment } }).start(), async (server) => {
    await pull(await newClient(stage.fresh('client'), server.origin));
  });
  const files = await readdir(reports);
  const all = await Promise.all(
    files.map(async (file) => JSON.parse(await readFile(join(reports, file), 'utf8'))),
  );
  if (all.length === 0) throw new Error('the server reported no delays of its event loop');
  return { p99: Math.max(...all.map(({ p99 }) => p99)), max: Math.max(...all.map(({ max }) => max)) };
}
