/**
 * Announces the deltas of a repository to clients: the delta indexes, and the list in the summary. A signed
 * summary stays as it is, because a change would invalidate its signature; clients find the delta in the
 * index where indexes are announced.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../../base/atomic-file.ts';
import type { Warn } from '../../../base/errors.ts';
import { readBeneath } from '../../../base/open-beneath.ts';
import { variant } from '../../../gvariant/index.ts';
import type { Checksum } from '../../../ostree/checksum.ts';
import {
  type Delta,
  deltasVariant,
  listDeltas,
  STATIC_DELTAS_KEY,
  serializeDeltaIndex,
} from '../../../ostree/delta-list.ts';
import { deltaIndexPath } from '../../../ostree/delta-name.ts';
import { keyfileBoolean } from '../../../ostree/keyfile.ts';
import { MAX_METADATA_BYTES } from '../../../ostree/limits.ts';
import type { MetadataDict } from '../../../ostree/metadata-dict.ts';
import type { Repository } from '../../../ostree/repo/open.ts';
import { parseSummary, serializeSummary } from '../../../ostree/summary.ts';

/** `warn` gets a line if the summary is signed. */
export async function announceDeltas(repo: Repository, warn: Warn): Promise<void> {
  const deltas = await listDeltas(repo.path, { onSkipped: () => {} });
  for (const [to, group] of groupedByTarget(deltas))
    await writeIfChanged(repo.path, deltaIndexPath(to), serializeDeltaIndex(group));
  const summary = readBeneath(repo.path, 'summary', { maxBytes: MAX_METADATA_BYTES });
  if (summary === undefined) return;
  if (existsSync(join(repo.path, 'summary.sig'))) {
    warn('the summary is signed, so it was not changed: the delta is in the delta index only');
    return;
  }
  await writeIfChanged(repo.path, 'summary', withDeltas(repo, summary, deltas));
}

function groupedByTarget(deltas: readonly Delta[]): ReadonlyMap<Checksum, readonly Delta[]> {
  return Map.groupBy(deltas, ({ name }) => name.to);
}

/** Changes the deltas alone: which refs a summary lists is for its publisher to say. */
function withDeltas(repo: Repository, bytes: Buffer, deltas: readonly Delta[]): Buffer {
  const { refs, metadata } = parseSummary(bytes);
  const changed: MetadataDict = new Map([
    ...[...metadata].filter(([key]) => key !== STATIC_DELTAS_KEY),
    ['ostree.summary.indexed-deltas', variant('b', true)] as const,
    ...(keyfileBoolean(repo.config, 'core', 'no-deltas-in-summary') === true
      ? []
      : [[STATIC_DELTAS_KEY, deltasVariant(deltas)] as const]),
  ]);
  return serializeSummary({ refs, metadata: changed });
}

async function writeIfChanged(root: string, path: string, bytes: Buffer): Promise<void> {
  const present = readBeneath(root, path, { maxBytes: MAX_METADATA_BYTES });
  if (present?.equals(bytes) !== true) await writeFileAtomic(join(root, path), bytes);
}
