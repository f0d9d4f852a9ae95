/** Builds of images with a layer cache, and what is in it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type EncapsulateOptions, encapsulate } from '../../src/container/encapsulate/encapsulate.ts';
import { finishImage } from '../../src/container/encapsulate/image-draft.ts';
import { LayerCache } from '../../src/container/encapsulate/layer-cache.ts';
import type { PlanLayers } from '../../src/container/encapsulate/layer-plan.ts';
import { publishImage } from '../../src/oci/write/publish.ts';
import { tempDir } from '../e2e/support/scratch.ts';
import { ENCAPSULATE_OPTIONS } from './mirror-images.ts';
import { writeMirrorSource } from './mirror-repos.ts';

/** Every third object is in the ostree layer; `moved` objects are in the last layer instead of theirs. */
export function inThree(moved = 0): PlanLayers {
  return (objects) => {
    const part = (n: number) =>
      new Map([...objects].filter((_, at) => (at < moved ? n === 1 : at % 3 === n)));
    return [
      { name: '', packages: [], objects: part(2) },
      { name: 'a', packages: ['a'], objects: part(0) },
      { name: 'b', packages: ['b'], objects: part(1) },
    ];
  };
}

export async function place(t: TestContext) {
  const folder = await tempDir(t);
  const { repo, commit } = await writeMirrorSource(join(folder, 'source'));
  const warnings: string[] = [];
  const directory = join(folder, 'cache');
  const cache = await LayerCache.open(directory, (message) => warnings.push(message));
  /** The digest of the image, and the number of tar bytes that were made for it. */
  const build = async (name: string, options: Partial<EncapsulateOptions> = {}) => {
    const made = { bytes: 0 };
    const onProgress = (bytes: number) => {
      made.bytes += bytes;
    };
    const all = { ...ENCAPSULATE_OPTIONS, plan: inThree(), layerCache: cache, onProgress, ...options };
    const digest = await publishImage({ transport: 'oci', name: join(folder, name) }, async (sink) =>
      finishImage(sink, await encapsulate(repo.objects, commit, sink, all)),
    );
    return { digest, bytes: made.bytes };
  };
  const entries = (suffix: string) => readdirSync(directory).filter((name) => name.endsWith(suffix));
  return {
    ...{ folder, directory, warnings, build, entries },
    repo: repo.path,
    commit,
    source: repo.objects,
  };
}
