/** Files on their way into one of our layers. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes } from '../base/bytes.ts';

export type LayerFile = {
  /** Below the mirror's home, without a leading `/`. */
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  stream(): AsyncIterable<Uint8Array>;
};

export function fileFromBytes(path: string, bytes: Uint8Array): LayerFile {
  return { path, executable: false, size: bytes.length, stream: () => once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** A file of this machine, links followed. It must not change meanwhile. */
export async function fileFromDisk(path: string, source: string): Promise<LayerFile> {
  const { size, mode } = await stat(source);
  return {
    path,
    executable: (mode & 0o111) !== 0,
    size,
    stream: () => createReadStream(source, { highWaterMark: 1024 * 1024 }),
  };
}

/** All files below `directory`, as `prefix/…`, links followed; sorted. Empty directories are left out. */
export async function layerFilesFrom(directory: string, prefix: string): Promise<readonly LayerFile[]> {
  const found: LayerFile[] = [];
  for (const name of (await readdir(directory)).toSorted(compareBytes)) {
    const source = join(directory, name);
    const path = `${prefix}/${name}`;
    if ((await stat(source)).isDirectory())
      for (const file of await layerFilesFrom(source, path)) found.push(file);
    else found.push(await fileFromDisk(path, source));
  }
  return found;
}
