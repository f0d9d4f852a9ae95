/** Whether a build can serve with several processes; older ones cannot. */
import type { Build } from '../builds.ts';
import { output } from '../command.ts';

export async function hasWorkers({ treeport }: Build): Promise<boolean> {
  return (await output(treeport('serve', '--help'))).includes('--workers');
}
