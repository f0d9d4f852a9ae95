/**
 * Removes temporary files of writes in progress when the process exits, and on SIGINT and SIGTERM unless
 * another listener handles the signal. The newest clean-up runs first: a program that writes into a directory
 * is stopped before the directory is removed.
 */
type Cleanup = () => void;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const pending = new Set<Cleanup>();

/**
 * Registers a synchronous clean-up. Returns the function that unregisters it; call that when the work is done
 * or already cleaned up.
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
  for (const cleanup of [...pending].reverse()) {
    try {
      cleanup();
    } catch {
      // Best effort: the remaining clean-ups must still run, and the process is ending.
    }
  }
  pending.clear();
}

/** If there is another listener, it decides whether the process exits. */
function receive(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  runAll();
  unlisten();
  process.kill(process.pid, signal);
}
