/** Loaded into a server by --import: writes the delays of its event loop, in seconds, when it exits. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const RESOLUTION_MS = 1;
const folder = process.env.TREEPORT_BENCH_DELAYS;

if (folder !== undefined && isMainThread) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  // The histogram counts the time between two samples, which is the resolution at least.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
  process.on('exit', () => {
    const report = { p99: seconds(delays.percentile(99)), max: seconds(delays.max) };
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(report));
  });
}
