/**
 * The `config` that clients see: generated, never the repository's own file, which may hold remotes and their
 * credentials, a parent, and a mode that no client pulls from.
 */
import { keyfileBoolean, keyfileString } from '../../ostree/keyfile.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { ARCHIVE_MODE } from '../../ostree/summary-build.ts';

export function publicConfig({ config }: Pick<Repository, 'config'>): string {
  const tombstones = keyfileBoolean(config, 'core', 'tombstone-commits');
  const collectionId = keyfileString(config, 'core', 'collection-id');
  const lines = ['[core]', 'repo_version=1', `mode=${ARCHIVE_MODE}`, 'indexed-deltas=true'];
  if (tombstones !== undefined) lines.push(`tombstone-commits=${tombstones}`);
  if (collectionId !== undefined && /^[\w.-]+$/.test(collectionId))
    lines.push(`collection-id=${collectionId}`);
  return `${lines.join('\n')}\n`;
}
