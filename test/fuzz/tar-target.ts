/** Reading tar streams of every generation, compressed or not: whole commits and component layers. */
import { join } from 'node:path';
import { isTreeportError, messageOf, TreeportError } from '../../src/base/errors.ts';
import { decompress } from '../../src/oci/read/decompress.ts';
import { openRepository } from '../../src/ostree/repo/open.ts';
import { readForeignEntries } from '../../src/tar/foreign-entries.ts';
import { inChunkOrder, inCommitOrder } from '../../src/tar/object-order.ts';
import { readObjects, type TarObject } from '../../src/tar/read-objects.ts';
import { oldTarStream } from '../support/old-tar-streams.ts';
import { writeOstreeFixture } from '../support/ostree-fixture.ts';
import { goldenTar, inPieces } from '../support/tar-streams.ts';
import { mutateTar, splitEntries, wrap } from './tar-mutations.ts';
import { type OpenTarget, outcomeOf } from './target.ts';

/** Streams that read well before they are mutated, as entries. */
export async function soundStreams(folder: string): Promise<readonly (readonly Buffer[])[]> {
  const { path, commit } = await writeOstreeFixture(join(folder, 'fixture'));
  const { objects } = await openRepository(path);
  const streams = [
    await goldenTar('fixture-whole-commit-simplemeta'),
    await oldTarStream(objects, commit, 'v0'),
    await oldTarStream(objects, commit, 'linked'),
  ];
  // Without the directories that are first in a stream, so that mutations hit objects.
  return streams.map((tar) =>
    splitEntries(tar).filter((entry) => entry.toString('latin1', 156, 157) !== '5'),
  );
}

export const openTarTarget: OpenTarget = async (folder) => {
  const streams = await soundStreams(folder);
  return {
    runCase(random) {
      const bytes = wrap(mutateTar(random.pick(streams), random), random);
      const order = random.pick([inCommitOrder, inChunkOrder]);
      const pieces = inPieces(bytes, 1 + random.below(70_000));
      const codes = ['ERR_TAR', 'ERR_TAR_OBJECT', 'ERR_OBJECT_CORRUPT'] as const;
      return outcomeOf(() => readToEnd(order(readObjects(plain(pieces)))), codes);
    },
    close: async () => {},
  };
};

/** Reading the entries of tar archives that are not ostree's: layers of images, root filesystems. */
export const openForeignTarget: OpenTarget = async (folder) => {
  const streams = await soundStreams(folder);
  return {
    runCase(random) {
      const bytes = wrap(mutateTar(random.pick(streams), random), random);
      const pieces = inPieces(bytes, 1 + random.below(70_000));
      return outcomeOf(async () => {
        for await (const { data } of readForeignEntries(plain(pieces))) for await (const _ of data);
      }, ['ERR_TAR']);
    },
    close: async () => {},
  };
};

/** Faults of the decompressor are zlib's own; whoever reads a stream gives them a code. */
async function* plain(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* decompress(input);
  } catch (error) {
    if (isTreeportError(error) || !isZlibFault(error)) throw error;
    throw new TreeportError('ERR_TAR', messageOf(error));
  }
}

function isZlibFault(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_)/.test(String(error.code));
}

async function readToEnd(objects: AsyncIterable<TarObject>): Promise<void> {
  for await (const object of objects) {
    if (object.kind === 'content') for await (const _ of object.object.stream());
  }
}
