/**
 * Writes loose objects and refs of an archive repository. Only for repositories that treeport creates in
 * temporary directories (a published repo, the demo, test fixtures): it takes no locks and has no
 * transactions. libostree writes to
 * existing repositories.
 *
 * Objects are written atomically; their ids are computed from the written bytes.
 */
import type { Hash } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName, writeError, writeFileAtomic, writeFileNow } from '../../base/atomic-file.ts';
import { type Checksum, checksumOf, finishChecksum, parseChecksum } from '../checksum.ts';
import type { FileHeader } from '../file-header.ts';
import { DEFAULT_FILEZ_LEVEL, encodeFilez, encodeSmallFilez } from '../filez.ts';
import { type HashedMetadataType, loosePath } from '../object-name.ts';
import type { ContentObject } from '../object-source.ts';
import { checkRefName } from '../ref-name.ts';
import { fileDigest, requireFileDigest } from '../verify.ts';

const DIRECTORIES = ['objects', 'refs/heads', 'refs/mirrors', 'refs/remotes', 'state', 'tmp', 'extensions'];

/** `config` lines of an archive repository, with any further lines of its `[core]` group. */
export function archiveConfig(coreLines: readonly string[] = []): string {
  return ['[core]', 'repo_version=1', 'mode=archive-z2', ...coreLines, ''].join('\n');
}

export class ArchiveWriter {
  readonly path: string;
  readonly level: number;

  private constructor(path: string, level: number) {
    this.path = path;
    this.level = level;
  }

  /** Creates the directories and the config. `level` is the deflate level of content objects. */
  static async create(
    path: string,
    options: { readonly config?: string; readonly level?: number } = {},
  ): Promise<ArchiveWriter> {
    try {
      for (const directory of DIRECTORIES) await mkdir(join(path, directory), { recursive: true });
    } catch (error) {
      throw writeError(error, path);
    }
    await writeFileAtomic(join(path, 'config'), Buffer.from(options.config ?? archiveConfig()));
    return new ArchiveWriter(path, options.level ?? DEFAULT_FILEZ_LEVEL);
  }

  /** Writes a commit, dirtree or dirmeta; returns its id. */
  async metadata(type: HashedMetadataType, bytes: Uint8Array): Promise<Checksum> {
    const checksum = checksumOf(bytes);
    writeFileNow(join(this.path, loosePath(checksum, type)), bytes);
    return checksum;
  }

  /** Writes the detached metadata of a commit. */
  async detachedMetadata(commit: Checksum, bytes: Uint8Array): Promise<void> {
    writeFileNow(join(this.path, loosePath(commit, 'commitmeta')), bytes);
  }

  /** Writes a content object whose bytes are in memory; returns its id. */
  async file(header: FileHeader, bytes: Uint8Array): Promise<Checksum> {
    const checksum = finishChecksum(fileDigest(header).update(bytes));
    writeFileNow(join(this.path, loosePath(checksum, 'filez')), encodeSmallFilez(header, bytes, this.level));
    return checksum;
  }

  /**
   * Writes a content object of any size; ERR_OBJECT_CORRUPT, and nothing written, if it is not `checksum`.
   */
  async object(checksum: Checksum, object: ContentObject): Promise<void> {
    const path = join(this.path, loosePath(parseChecksum(checksum), 'filez'));
    const staged = temporaryName(path);
    const digest = fileDigest(object.header);
    await writeFileAtomic(
      staged,
      encodeFilez({ ...object, stream: () => hashing(object, digest) }, this.level),
    );
    try {
      requireFileDigest(digest, checksum);
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
    await rename(staged, path);
  }

  async ref(name: string, commit: Checksum): Promise<void> {
    checkRefName(name);
    writeFileNow(join(this.path, 'refs/heads', name), Buffer.from(`${parseChecksum(commit)}\n`));
  }
}

async function* hashing(object: ContentObject, digest: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of object.stream()) {
    digest.update(piece);
    yield piece;
  }
}
