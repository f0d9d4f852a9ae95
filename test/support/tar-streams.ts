/** Builds, splits and digests small tar streams in memory. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { END_OF_ARCHIVE, encodeEntry, padding } from '../../src/tar/entry.ts';
import type { TarHeader } from '../../src/tar/header.ts';
import { type ReadObjectsOptions, readObjects, type TarObject } from '../../src/tar/read-objects.ts';

export type MadeEntry = Partial<TarHeader> & { readonly path: string; readonly data?: Uint8Array | string };

/** One entry with its data; by default a regular file owned by root. */
export function tarEntry({ data = '', ...header }: MadeEntry): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  const full = {
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: bytes.length,
    target: '',
    ...header,
  } as const;
  return Buffer.concat([...encodeEntry(full).blocks, bytes, padding(bytes.length)]);
}

export function tarArchive(entries: readonly MadeEntry[]): Buffer {
  return Buffer.concat([...entries.map(tarEntry), END_OF_ARCHIVE]);
}

/** The bytes in pieces of `size`. */
export async function* inPieces(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** The same, but each piece is overwritten when the next is requested, as those of layers read in place. */
export async function* inPassing(bytes: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for await (const piece of inPieces(bytes, size)) {
    const passing = Buffer.from(piece);
    yield passing;
    passing.fill(0xff);
  }
}

export async function digestOf(stream: AsyncIterable<Uint8Array>): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const piece of stream) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest('hex'), size };
}

/** An uncompressed golden stream of test/fixtures/golden. */
export async function goldenTar(name: string): Promise<Buffer> {
  return gunzipSync(await readFile(join(import.meta.dirname, '../fixtures/golden', `${name}.tar.gz`)));
}

/** A TarObject whose file bytes have been read. */
export type ReadObject = TarObject & { readonly data: Buffer };

/** Reads all objects with their bytes. */
export async function readAll(
  tar: AsyncIterable<Uint8Array>,
  options: ReadObjectsOptions = {},
): Promise<readonly ReadObject[]> {
  const objects: ReadObject[] = [];
  for await (const object of readObjects(tar, options)) {
    const pieces: Uint8Array[] = [];
    if (object.kind === 'content')
      for await (const piece of object.object.stream()) pieces.push(Buffer.from(piece));
    objects.push({ ...object, data: Buffer.concat(pieces) });
  }
  return objects;
}
