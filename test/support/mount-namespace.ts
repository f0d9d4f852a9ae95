/** Runs shell commands in a private mount namespace; needs root and unshare. */
import { type Outcome, run } from '../e2e/support/run.ts';
import { unlessInstalled, unlessRoot } from './programs.ts';

/** For a test's `skip` option. */
export function unlessNamespaces(): string | false {
  return unlessRoot() || unlessInstalled('unshare', 'mount');
}

/** Runs the commands with the words as `$1`, `$2`, …; the first failure ends them. */
export function inMountNamespace(commands: string, ...words: readonly string[]): Promise<Outcome> {
  return run(['unshare', '--mount', 'sh', '-e', '-c', commands, 'sh', ...words]);
}
