/**
 * The files of objects in a published repo: metadata as it is, content as archive files in the canonical
 * form, the bytes that a server with a warm cache sends. Every object is verified.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { verifiedMetadata } from '../../ostree/load.ts';
import { archivePath, type ObjectName } from '../../ostree/object-name.ts';
import type { ObjectSource, StoredObject } from '../../ostree/object-source.ts';
import {
  CANONICAL_LEVEL,
  encodeVerifiedFilez,
  SMALL_OBJECT_BYTES,
  streamVerifiedFilez,
} from '../../ostree/verified-filez.ts';
import { fileFromBytes, fileFromDisk, type LayerFile } from '../layer.ts';
import { PUBLISHED_REPO } from '../layout.ts';

export type ObjectFile = { readonly name: ObjectName; readonly file: LayerFile };

/** Objects that are encoded at once. */
const AT_ONCE = 4;

/** Path of an object's file below the mirror's home. */
export function publishedPath(name: ObjectName): string {
  return `${PUBLISHED_REPO}/${archivePath(name)}`;
}

/**
 * Yields the files in the order of the names, a few objects ahead. Large objects are encoded into files in
 * the directory `spool`, which go when they have been read. ERR_OBJECT_CORRUPT, ERR_OBJECT_MISSING.
 */
export async function* objectFiles(
  source: ObjectSource,
  names: Iterable<ObjectName>,
  spool: string,
): AsyncGenerator<ObjectFile> {
  const pending: Promise<ObjectFile>[] = [];
  try {
    for (const name of names) {
      const next = objectFile(source, name, spool);
      // The consumer gets the error when it reaches the object.
      next.catch(() => {});
      pending.push(next);
      if (pending.length >= AT_ONCE) yield await (pending.shift() as Promise<ObjectFile>);
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<ObjectFile>);
  } finally {
    await Promise.allSettled(pending);
  }
}

async function objectFile(source: ObjectSource, name: ObjectName, spool: string): Promise<ObjectFile> {
  const { type, checksum } = name;
  const path = publishedPath(name);
  if (type !== 'file') {
    return { name, file: fileFromBytes(path, await verifiedMetadata(source, type, checksum)) };
  }
  const object = await source.content(checksum);
  if (object.size > SMALL_OBJECT_BYTES)
    return { name, file: await spooledFile(path, checksum, object, spool) };
  return { name, file: fileFromBytes(path, await encodeVerifiedFilez(object, checksum, CANONICAL_LEVEL)) };
}

/** The size of an archive file must be known before its first byte is written into a layer. */
async function spooledFile(
  path: string,
  checksum: Checksum,
  object: StoredObject,
  spool: string,
): Promise<LayerFile> {
  const temporary = join(spool, `${checksum}.filez`);
  await writeFileAtomic(temporary, streamVerifiedFilez(object, checksum, CANONICAL_LEVEL));
  const file = await fileFromDisk(path, temporary);
  return { ...file, stream: () => thenRemoved(file, temporary) };
}

async function* thenRemoved(file: LayerFile, path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* file.stream();
  } finally {
    await rm(path, { force: true });
  }
}
