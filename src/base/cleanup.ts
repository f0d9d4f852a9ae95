/**
 * What must not stay behind when the process ends early: temporary files of writers that are under way.
 * They are removed when the process exits, and on SIGINT and SIGTERM where nobody else handles these.
 */
type Cleanup = () => void;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const pending = new Set<Cleanup>();

/**
 * Registers a synchronous clean-up; returns the function that takes it off the list again, which must be
 * called when the work is done or was cleaned up in the ordinary way.
 */
export function onEarlyExit(cleanup: Cleanup): () => void {
  if (pending.size === 0) listen();
  pending.add(cleanup);
  return () => {
    if (pending.delete(cleanup) && pending.size === 0) unlisten();
  };
}

function listen(): void {
  process.on('exit', runAll);
  for (const signal of SIGNALS) process.on(signal, receive);
}

function unlisten(): void {
  process.off('exit', runAll);
  for (const signal of SIGNALS) process.off(signal, receive);
}

function runAll(): void {
  for (const cleanup of pending) {
    try {
      cleanup();
    } catch {
      // The others must have their turn, and there is nobody left to tell.
    }
  }
  pending.clear();
}

/** Where another listener decides what the signal means, the process exits through it, or goes on. */
function receive(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  runAll();
  unlisten();
  process.kill(process.pid, signal);
}
