/**
 * Loads metadata objects from an ObjectSource: verifies them against their ids, then parses them. Errors are
 * ERR_OBJECT_CORRUPT naming the object.
 */
import { isTreeportError } from '../base/errors.ts';
import type { Checksum } from './checksum.ts';
import { type Commit, parseCommit } from './commit.ts';
import { type Dirmeta, parseDirmeta } from './dirmeta.ts';
import { type Dirtree, DirtreeReader, parseDirtree } from './dirtree.ts';
import { corruptObject } from './object-fault.ts';
import { formatObjectName, type HashedMetadataType, type MetadataType } from './object-name.ts';
import type { MetadataSource } from './object-source.ts';
import { verifyMetadata } from './verify.ts';

/** The verified bytes of a metadata object. Detached metadata has no checksum and is returned unverified. */
export async function verifiedMetadata<Type extends MetadataType>(
  source: MetadataSource<Type>,
  type: Type,
  checksum: Checksum,
): Promise<Buffer> {
  const bytes = await source.metadata(type, checksum);
  verifyMetadata(type, checksum, bytes);
  return bytes;
}

export function loadCommitObject(source: MetadataSource, checksum: Checksum): Promise<Commit> {
  return load(source, 'commit', checksum, parseCommit);
}

export function loadDirtree(source: MetadataSource, checksum: Checksum): Promise<Dirtree> {
  return load(source, 'dirtree', checksum, parseDirtree);
}

/** Like {@link loadDirtree}, but iterates over the entries, for directories of any size. */
export function openDirtree(source: MetadataSource, checksum: Checksum): Promise<DirtreeReader> {
  return load(source, 'dirtree', checksum, (bytes) => new DirtreeReader(bytes));
}

export function loadDirmeta(source: MetadataSource, checksum: Checksum): Promise<Dirmeta> {
  return load(source, 'dirmeta', checksum, parseDirmeta);
}

async function load<T>(
  source: MetadataSource,
  type: HashedMetadataType,
  checksum: Checksum,
  parse: (bytes: Buffer) => T,
): Promise<T> {
  const bytes = await verifiedMetadata(source, type, checksum);
  try {
    return parse(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw corruptObject(formatObjectName({ type, checksum }), error.message, error);
  }
}
