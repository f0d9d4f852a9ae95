import type { Repository } from '../ostree/repo/open.ts';
import { printMessage, warn } from './report.ts';

const SHOWN = 20;

/** The refs of a mirror of these apps and runtimes; tells which are taken and which are left out. */
export async function flatpakRefs(
  repo: Repository,
  words: readonly string[],
  quiet = false,
): Promise<readonly string[]> {
  const { selectFlatpaks } = await import('../mirror/flatpak-selection.ts');
  const { listOfferedRefs } = await import('../ostree/offered-refs.ts');
  const offered = await listOfferedRefs(repo, {
    onSkipped: (ref, commit) => warn(`the ref ${ref} is left out: its commit ${commit} cannot be read`),
  });
  const { refs, optional } = selectFlatpaks(offered, words, warn);
  if (quiet) return refs;
  printMessage(`${refs.length} of ${offered.length} refs are published: ${refs.join(', ')}`);
  if (optional.length > 0) {
    const more = optional.length > SHOWN ? `, and ${optional.length - SHOWN} more` : '';
    printMessage(
      `left out, because clients install them on demand only: ${optional.slice(0, SHOWN).join(', ')}${more}`,
    );
  }
  return refs;
}
