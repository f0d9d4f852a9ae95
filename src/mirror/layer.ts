/**
 * The mirror's own layers: their files and their tar. Clients that import the image as an OS must drop these
 * layers entirely, so they have only regular files, below the embedded repo, with an mtime that is not 0
 * (layout.ts). Container engines create the missing parent directories as root with mode 0755.
 *
 * All entries are root's, readable by everyone, and have the same mtime, so that equal content gives equal
 * bytes.
 */
import { createReadStream, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareBytes } from '../base/bytes.ts';
import { TreeportError } from '../base/errors.ts';
import { END_OF_ARCHIVE, encodeEntry, padding } from '../tar/entry.ts';
import type { TarHeader } from '../tar/header.ts';
import { pieceBytes } from '../tar/piece-checks.ts';
import { TarWriter } from '../tar/writer.ts';
import { MIRROR_HOME } from './layout.ts';

export type LayerFile = {
  /** Below the mirror's home, without a leading `/`. */
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  /** The file on disk that the bytes are read from. */
  readonly source?: string;
  stream(): AsyncIterable<Uint8Array>;
};

export function fileFromBytes(path: string, bytes: Uint8Array): LayerFile {
  return { path, executable: false, size: bytes.length, stream: () => once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** Streams of smaller files would cost more than their bytes. */
const STREAMED_BYTES = 64 * 1024;

/** A file on this machine; links are followed. It must not change until it has been read. */
export async function fileFromDisk(path: string, source: string): Promise<LayerFile> {
  return fileOnDisk(path, source, await stat(source));
}

function fileOnDisk(path: string, source: string, { size, mode }: Stats): LayerFile {
  const stream = (): AsyncIterable<Uint8Array> =>
    size < STREAMED_BYTES
      ? once(readFileSync(source))
      : createReadStream(source, { highWaterMark: 1024 * 1024 });
  return { path, executable: (mode & 0o111) !== 0, size, source, stream };
}

/**
 * All files below `directory` as `prefix/…`, sorted; links are followed, empty directories omitted. At once,
 * because a repository of many refs has thousands of directories, and each wait costs more than its files.
 */
export function layerFilesFrom(directory: string, prefix: string): readonly LayerFile[] {
  const found: LayerFile[] = [];
  for (const name of readdirSync(directory).toSorted(compareBytes)) {
    const source = join(directory, name);
    const path = `${prefix}/${name}`;
    const stats = statSync(source);
    if (stats.isDirectory()) for (const file of layerFilesFrom(source, path)) found.push(file);
    else found.push(fileOnDisk(path, source, stats));
  }
  return found;
}

/** All of the files, in the order of {@link layerFilesFrom}. */
export function withFiles(files: readonly LayerFile[], more: readonly LayerFile[]): readonly LayerFile[] {
  if (more.length === 0) return files;
  const placed = [...files, ...more].map((file) => ({ file, names: file.path.split('/') }));
  return placed.toSorted((a, b) => compareNames(a.names, b.names)).map(({ file }) => file);
}

/** A directory comes before what has its name and goes on. */
function compareNames(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((name, index) => name !== b[index]);
  return at < 0 ? a.length - b.length : compareBytes(a[at] as string, b[at] ?? '');
}

const ROOT = { uid: 0, gid: 0 };
/**
 * Seconds. With 0, clients would take a file below the embedded repo for a part of the commit, or warn of a
 * foreign path.
 */
const MTIME = 1;

export type MirrorLayerOptions = {
  /**
   * Also sets the mode of the image's root directory to 0755, for commits whose root the mirror's user may
   * not enter. Importing clients keep the former mode.
   */
  readonly openRoot?: boolean;
};

/** The size of the tar that {@link layerTar} writes of these files. */
export function layerTarBytes(files: readonly LayerFile[]): number {
  let total = END_OF_ARCHIVE.length;
  for (const file of files) {
    for (const block of encodeEntry(headerOf(file)).blocks) total += block.length;
    total += file.size + padding(file.size).length;
  }
  return total;
}

/** Writes files below the mirror's home. */
export async function* layerTar(
  files: Iterable<LayerFile> | AsyncIterable<LayerFile>,
  { openRoot = false }: MirrorLayerOptions = {},
): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  if (openRoot) writer.directory('./', { ...ROOT, mode: 0o755 });
  for await (const file of files) yield* writeFile(writer, file);
  yield* pieceBytes(writer.end());
}

function headerOf({ path, executable, size }: LayerFile): TarHeader {
  const mode = executable ? 0o755 : 0o644;
  return { ...ROOT, path: `${MIRROR_HOME}/${path}`, type: 'file', mode, size, target: '', mtime: MTIME };
}

async function* writeFile(writer: TarWriter, file: LayerFile): AsyncGenerator<Buffer> {
  const header = headerOf(file);
  writer.header(header);
  let length = 0;
  for await (const piece of file.stream()) {
    length += piece.length;
    writer.data(piece);
    yield* pieceBytes(writer.takeFull());
  }
  if (length !== file.size) {
    throw new TreeportError(
      'ERR_IO',
      `${header.path} changed while it was read: ${length} bytes instead of ${file.size}`,
    );
  }
  writer.pad(length);
}
