/**
 * What a static delta saves: its bytes and requests against those of the loose objects that a client with the
 * base fetches instead. Sizes of `.filez` files are exact where the repository or a parent is an archive;
 * elsewhere two samples of each file are compressed.
 */
import { deflateRawSync } from 'node:zlib';
import { collect } from '../../base/bytes.ts';
import { lstatBeneath } from '../../base/list-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { DeltaName } from '../../ostree/delta-name.ts';
import { isHashedMetadata, loosePath, type ObjectName } from '../../ostree/object-name.ts';
import type { StoredObject } from '../../ostree/object-source.ts';
import type { Repository } from '../../ostree/repo/open.ts';
import { reachableObjects, type SeenObjects } from '../../ostree/walk.ts';
import { partPath, type Superblock } from '../static/superblock.ts';
import type { Saving } from './plan.ts';

type Cost = { readonly bytes: number; readonly requests: number };

/** Bytes of each of the two samples. */
const SAMPLE = 16_384;
/** The header of a `.filez` file, roughly. */
const HEADER = 60;
const LEVEL = 6;

/** Measures loose objects, each once however many deltas need it. */
export class SavingMeter {
  readonly #repo: Repository;
  readonly #sizes = new Map<string, number>();

  constructor(repo: Repository) {
    this.#repo = repo;
  }

  /** Undefined if one of the commits is not complete in the repository. */
  async measure(superblock: Superblock, superblockBytes: number): Promise<Saving | undefined> {
    const loose = await this.#looseCost(superblock).catch(() => undefined);
    if (loose === undefined) return undefined;
    const delta = deltaCost(superblock, superblockBytes);
    return {
      deltaBytes: delta.bytes,
      deltaRequests: delta.requests,
      looseBytes: loose.bytes,
      looseRequests: loose.requests,
    };
  }

  async #looseCost({ from, to }: DeltaName): Promise<Cost> {
    const { objects } = this.#repo;
    const seen: SeenObjects = new Set();
    if (from !== undefined) for await (const _ of reachableObjects(objects, from, seen));
    let [bytes, requests] = [0, 0];
    for await (const name of reachableObjects(objects, to, seen)) {
      bytes += await this.#sizeOf(name);
      requests += 1;
    }
    return { bytes, requests };
  }

  async #sizeOf(name: ObjectName): Promise<number> {
    const key = `${name.type}${name.checksum}`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const size = await looseSize(this.#repo, name);
    this.#sizes.set(key, size);
    return size;
  }
}

/** What a client fetches for a delta. */
function deltaCost(superblock: Superblock, superblockBytes: number): Cost {
  const files = superblock.parts.filter((_, index) => !superblock.metadata.has(partPath(superblock, index)));
  const fetched = [...files, ...superblock.fallbacks];
  return {
    bytes: fetched.reduce((sum, { size }) => sum + size, superblockBytes),
    requests: 1 + fetched.length,
  };
}

async function looseSize(repo: Repository, { type, checksum }: ObjectName): Promise<number> {
  if (type !== 'file' && isHashedMetadata(type)) return (await repo.objects.metadata(type, checksum)).length;
  return archivedSize(repo, checksum) ?? estimatedSize(await repo.objects.content(checksum));
}

function archivedSize(repo: Repository, checksum: Checksum): number | undefined {
  const own =
    repo.mode === 'archive' ? lstatBeneath(repo.path, loosePath(checksum, 'filez'))?.size : undefined;
  return own ?? (repo.parent === undefined ? undefined : archivedSize(repo.parent, checksum));
}

async function estimatedSize(object: StoredObject): Promise<number> {
  const { size } = object;
  const middle = Math.max(SAMPLE, Math.floor(size / 2));
  const ranges = [
    [0, Math.min(size, SAMPLE)],
    [Math.min(size, middle), Math.min(size, middle + SAMPLE)],
  ] as const;
  let [sampled, deflated] = [0, 0];
  for (const [from, to] of ranges) {
    if (to === from) continue;
    const bytes = await collect(object.bytes(from, to));
    sampled += bytes.length;
    deflated += deflateRawSync(bytes, { level: LEVEL }).length;
  }
  return HEADER + (sampled === 0 ? 0 : Math.round((size * deflated) / sampled));
}
