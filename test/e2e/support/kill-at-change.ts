/** Kills the command at a change of the files that it writes, so that kills come at all moments. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { TREEPORT } from './run.ts';

export type Killed = {
  /** It ended by itself, with success. */
  readonly isDone: boolean;
  /** Changes below the folders until it ended. */
  readonly changes: number;
};

/**
 * Runs treeport, and kills it at the given change below the folders, counted from its start; `Infinity`
 * counts the changes of a whole run.
 */
export async function killAtChange(
  words: readonly string[],
  folders: readonly string[],
  change: number,
): Promise<Killed> {
  const [program, ...first] = TREEPORT;
  const state = { changes: 0 };
  const child = spawn(program, [...first, ...words], { stdio: 'ignore' });
  const watchers = folders.map((folder) =>
    watch(folder, { recursive: true }, () => {
      state.changes += 1;
      if (state.changes >= change) child.kill('SIGKILL');
    })
      // Folders come and go while it looks for them.
      .on('error', () => {}),
  );
  const [status] = await once(child, 'close');
  for (const watcher of watchers) watcher.close();
  return { isDone: status === 0, changes: state.changes };
}
