/** A repository with a history of three commits, and deltas without sense, for tests of maintenance. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withCurrentMetadata } from '../../src/delta/maintain/examine.ts';
import type { MakeDelta } from '../../src/delta/maintain/maintain.ts';
import { ENDIANNESS_KEY, endiannessVariant, serializeSuperblock } from '../../src/delta/static/superblock.ts';
import { type Checksum, checksumOf } from '../../src/ostree/checksum.ts';
import { commitTree } from '../../src/ostree/commit-tree.ts';
import { type DeltaName, deltaDirectory } from '../../src/ostree/delta-name.ts';
import { verifiedMetadata } from '../../src/ostree/load.ts';
import { stringVariant } from '../../src/ostree/metadata-dict.ts';
import { ArchiveWriter } from '../../src/ostree/repo/archive-writer.ts';
import { openRepository, type Repository } from '../../src/ostree/repo/open.ts';

export const MAINTAINED_REF = 'exampleos/stable';

export type MaintainedRepo = {
  readonly repo: Repository;
  readonly writer: ArchiveWriter;
  /** Versions 1, 2 and 3; the last is MAINTAINED_REF's. */
  readonly commits: readonly [Checksum, Checksum, Checksum];
};

export async function writeMaintainedRepo(path: string): Promise<MaintainedRepo> {
  const writer = await ArchiveWriter.create(path);
  const commits: Checksum[] = [];
  for (const version of ['1', '2', '3']) {
    const parent = commits.at(-1);
    commits.push(
      await commitTree(writer, treeOf(version), {
        timestamp: 1_700_000_000 + Number(version),
        metadata: new Map([['version', stringVariant(version)]]),
        ...(parent === undefined ? {} : { parent }),
      }),
    );
  }
  await writer.ref(MAINTAINED_REF, commits[2] as Checksum);
  return { repo: await openRepository(path), writer, commits: commits as [Checksum, Checksum, Checksum] };
}

function treeOf(version: string) {
  // Does not compress.
  const content = Buffer.concat(Array.from({ length: 64 }, (_, n) => sum(`${version} ${n}`)));
  const file = { kind: 'file', mode: 0o644, content } as const;
  return { kind: 'directory', mode: 0o755, entries: new Map([['file', file]]) } as const;
}

function sum(text: string): Buffer {
  return Buffer.from(checksumOf(Buffer.from(text)), 'hex');
}

/** Makes deltas with the current detached metadata and one part of so many bytes, all of them `fill`. */
export function fakeDeltas(partBytes: number, fill = 'x'): MakeDelta {
  return async (repo, name, directory) => {
    const part = Buffer.alloc(partBytes, fill);
    await writeFile(join(directory, '0'), part);
    await writeFile(join(directory, 'superblock'), await superblockOf(repo, name, part));
  };
}

/** Puts such a delta into the repository. */
export async function putFakeDelta(repo: Repository, name: DeltaName, partBytes = 10): Promise<void> {
  const directory = join(repo.path, deltaDirectory(name));
  await mkdir(directory, { recursive: true });
  await fakeDeltas(partBytes)(repo, name, directory);
}

async function superblockOf(repo: Repository, { from, to }: DeltaName, part: Buffer): Promise<Buffer> {
  const plain = {
    metadata: new Map([[ENDIANNESS_KEY, endiannessVariant('little')]]),
    order: 'little',
    timestamp: 1,
    from,
    to,
    commit: await verifiedMetadata(repo.objects, 'commit', to),
    dependencies: Buffer.alloc(0),
    parts: [{ version: 0, checksum: checksumOf(part), size: part.length, usize: 0, objects: [] }],
    fallbacks: [],
  } as const;
  return serializeSuperblock(await withCurrentMetadata(repo, plain));
}
