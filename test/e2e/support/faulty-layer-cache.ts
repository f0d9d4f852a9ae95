/**
 * A process that has test/support/write-faults.c preloaded: makes an image again and again, each time with a
 * new layer cache and another of the cache's calls failing, and then once more with the same cache. Prints a
 * CachedBuild for each as a line of JSON.
 */
import { join } from 'node:path';
import { encapsulate } from '../../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../../src/container/encapsulate/image-draft.ts';
import { LayerCache } from '../../../src/container/encapsulate/layer-cache.ts';
import { planCommit } from '../../../src/container/plan/plan-commit.ts';
import { publishImage } from '../../../src/oci/write/publish.ts';
import type { Checksum } from '../../../src/ostree/checksum.ts';
import { openRepository } from '../../../src/ostree/repo/open.ts';
import { ENCAPSULATE_OPTIONS } from '../../support/mirror-images.ts';
import { type FaultError, type FaultKind, loadFaults } from '../../support/write-faults.ts';

export type CacheJob = {
  readonly folder: string;
  readonly repo: string;
  readonly commit: Checksum;
  readonly kind: FaultKind;
  /** Taken in turns. */
  readonly errors: readonly FaultError[];
  readonly most: number;
};

export type CachedBuild = {
  readonly error: FaultError;
  /** The call that failed, with its path. */
  readonly call: string;
  readonly digest: string;
  readonly warnings: readonly string[];
  /** The image that is made with the same cache after the fault. */
  readonly next: string;
};

const job = JSON.parse(process.argv[2] ?? '') as CacheJob;
const faults = loadFaults();
const { objects } = await openRepository(job.repo);
const { plan, record } = await planCommit(objects, job.commit, { warn: () => {} });

async function build(name: string, layerCache: LayerCache): Promise<string> {
  const options = { ...ENCAPSULATE_OPTIONS, plan: () => plan, ...(record && { record }), layerCache };
  return publishImage({ transport: 'oci', name: join(job.folder, name) }, async (sink) =>
    finishImage(sink, await encapsulate(objects, job.commit, sink, options)),
  );
}

for (let nth = 1; nth <= job.most; nth++) {
  const name = `${job.kind}-${nth}`;
  const directory = join(job.folder, `${name}-cache`);
  const error = job.errors[nth % job.errors.length] as FaultError;
  const warnings: string[] = [];
  const cache = await LayerCache.open(directory, (message) => warnings.push(message));
  faults.arm(directory, job.kind, nth, error);
  const digest = await build(name, cache);
  faults.disarm();
  const call = faults.last();
  if (call === '') break;
  const next = await build(`${name}-next`, await LayerCache.open(directory, () => {}));
  process.stdout.write(`${JSON.stringify({ error, call, digest, warnings, next } satisfies CachedBuild)}\n`);
}
