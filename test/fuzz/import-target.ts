/**
 * Importing tar streams and images into a repository, on libostree's threads. What is refused leaves nothing
 * that can be seen; nothing leaves anything outside of the repository.
 */
import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../../src/base/bytes.ts';
import type { ErrorCode } from '../../src/base/error-codes.ts';
import { importTar } from '../../src/container/import/import-tar.ts';
import { unencapsulate } from '../../src/container/import/unencapsulate.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import type { Random } from '../gvariant/random.ts';
import { chunkedTars, dealtObjects, makeImage } from '../support/chunked-images.ts';
import { withImage } from '../support/mirror-images.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { inPieces } from '../support/tar-streams.ts';
import { REF, RepoUnderFuzz } from './repo-under-fuzz.ts';
import { mutateTar, splitEntries } from './tar-mutations.ts';
import { soundStreams } from './tar-target.ts';
import { type OpenTarget, outcomeOf } from './target.ts';

const CODES: readonly ErrorCode[] = [
  'ERR_TAR',
  'ERR_TAR_OBJECT',
  'ERR_OBJECT_CORRUPT',
  'ERR_OBJECT_MISSING',
  'ERR_OBJECT_STRAY',
];
const COMPONENTS = 3;

export const openImportTarget: OpenTarget = async (folder) => {
  await mkdir(folder, { recursive: true });
  const streams = await soundStreams(folder);
  const layers = await soundLayers(folder);
  const image = join(folder, 'image');
  await mkdir(image);
  const repo = new RepoUnderFuzz(folder);

  const importStream = (random: Random) => {
    const tar = mutateTar(random.pick(streams), random);
    const allowExtra = random.below(2) === 0;
    const pieces = inPieces(tar, 1 + random.below(70_000));
    return importTar(pieces, { repo: repo.path, writeRef: REF, allowExtra });
  };

  /** One layer is mutated; digests fit what they are of. */
  const importImage = async (random: Random) => {
    const spoilt = random.below(layers.length);
    const tars = layers.map((entries, at) =>
      at === spoilt ? mutateTar(entries, random) : Buffer.concat(entries),
    );
    rmSync(image, { recursive: true });
    await makeImage(
      image,
      tars.map((tar) => inPieces(tar)),
    );
    await withImage(image, (opened) =>
      unencapsulate(opened, { repo: repo.path, writeRef: REF, verification: { kind: 'unverified' } }),
    );
  };

  return {
    async runCase(random) {
      repo.prepare();
      const action = random.pick([importStream, importImage]);
      const outcome = await outcomeOf(() => action(random), CODES);
      await repo.check(outcome === 'done');
      return outcome;
    },
    close: () => repo.close(),
  };
};

/**
 * The layers of an image as entries: the ostree layer without most of its empty directories, and the
 * components.
 */
async function soundLayers(folder: string): Promise<readonly (readonly Buffer[])[]> {
  const { path, commit } = await writeOstreeFixture(join(folder, 'source'));
  const { objects } = await openRepository(path);
  const tars = await chunkedTars(objects, commit, await dealtObjects(objects, commit, COMPONENTS));
  const layers: (readonly Buffer[])[] = [];
  for (const tar of tars) {
    const entries = splitEntries(await collect(tar));
    layers.push(entries.filter((entry) => entry.toString('latin1', 156, 157) !== '5'));
  }
  return layers;
}
