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
import { type Fault, type FaultJob, failInTurn } from './fail-in-turn.ts';

export type CacheJob = FaultJob & {
  readonly folder: string;
  readonly repo: string;
  readonly commit: Checksum;
};

export type CachedBuild = Fault & {
  readonly digest: string;
  readonly warnings: readonly string[];
  /** The image that is made with the same cache after the fault. */
  readonly next: string;
};

const job = JSON.parse(process.argv[2] ?? '') as CacheJob;
const { objects } = await openRepository(job.repo);
const { plan, record } = await planCommit(objects, job.commit, { warn: () => {} });

async function build(name: string, layerCache: LayerCache): Promise<string> {
  const options = { ...ENCAPSULATE_OPTIONS, plan: () => plan, ...(record && { record }), layerCache };
  return publishImage({ transport: 'oci', name: join(job.folder, name) }, async (sink) =>
    finishImage(sink, await encapsulate(objects, job.commit, sink, options)),
  );
}

await failInTurn(job, async (nth) => {
  const name = `${job.kind}-${nth}`;
  const below = join(job.folder, `${name}-cache`);
  const warnings: string[] = [];
  const cache = await LayerCache.open(below, (message) => warnings.push(message));
  return {
    below,
    run: () => build(name, cache),
    async found(digest, fault): Promise<CachedBuild> {
      const next = await build(`${name}-next`, await LayerCache.open(below, () => {}));
      return { ...fault, digest, warnings, next };
    },
  };
});
