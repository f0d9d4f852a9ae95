/** Runs a server until a signal stops it: in this process, or in several (`--workers`). */
import type { RunningServer } from '../server/listen.ts';
import type { StopOptions } from '../server/shutdown.ts';
import type { ServeSettings } from './serve-options.ts';
import { ignoreStopSignals, onStopSignal } from './signals.ts';

/** Starts a server in this process. */
export type StartServer = (settings: ServeSettings) => Promise<RunningServer>;

/** Starts what runs beside the server, once for any number of workers. */
export type StartBeside = () => { stop(): Promise<void> };

export async function runServer(
  settings: ServeSettings,
  start: StartServer,
  startBeside?: StartBeside,
): Promise<void> {
  if (settings.workers === 1) return stopOnSignal(await start(settings), startBeside);
  const { default: cluster } = await import('node:cluster');
  if (cluster.isWorker) {
    // A terminal sends its signals to every process; the first process tells the workers what to do.
    ignoreStopSignals();
    const { serveAsWorker } = await import('../server/worker.ts');
    return serveAsWorker(() => start({ ...settings, lifecycleLevel: 'debug' }));
  }
  const { startWorkers } = await import('../server/workers.ts');
  stopOnSignal(await startWorkers({ count: settings.workers, logLevel: settings.logLevel }), startBeside);
}

/** Someone at a terminal (SIGINT) does not wait for load balancers. */
function stopOnSignal(
  server: { stop(options?: StopOptions): Promise<void> },
  startBeside: StartBeside | undefined,
): void {
  const beside = startBeside?.();
  onStopSignal(async (signal) => {
    await Promise.all([beside?.stop(), server.stop({ atOnce: signal === 'SIGINT' })]);
  });
}
