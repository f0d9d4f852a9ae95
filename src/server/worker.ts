/** One of several processes that serve one address; workers.ts starts and stops it. */
import type { ErrorCode } from '../base/error-codes.ts';
import { isTreeportError, messageOf } from '../base/errors.ts';
import type { Counters } from './http/counters.ts';
import type { RunningServer, Served } from './listen.ts';
import type { StopOptions } from './shutdown.ts';

/** What a worker tells; one member each time. */
export type WorkerMessage = {
  readonly serving?: Served;
  /** It cannot serve, and ends. */
  readonly failed?: { readonly code: ErrorCode; readonly message: string };
  /** It has stopped, and ends. */
  readonly stopped?: Counters;
};

/** What a worker is told. */
type Order = { readonly stop?: StopOptions };

/** Serves until the other process says to stop; does not reject. */
export async function serveAsWorker(start: () => Promise<RunningServer>): Promise<void> {
  try {
    const server = await start();
    process.on('message', ({ stop }: Order) => {
      if (stop !== undefined) void server.stop(stop).then(() => end({ stopped: server.counters }));
    });
    tell({ serving: server.served });
  } catch (error) {
    const code = isTreeportError(error) ? error.code : 'ERR_INTERNAL';
    end({ failed: { code, message: messageOf(error) } });
  }
}

function tell(message: WorkerMessage, done?: () => void): void {
  process.send?.(message, undefined, undefined, done);
}

function end(message: WorkerMessage): void {
  tell(message, () => process.exit());
}
