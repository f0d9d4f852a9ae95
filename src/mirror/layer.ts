/**
 * The tar of a layer of ours. Clients that import the image as an OS must drop all of it, so it has regular files only,
 * below the embedded repo, with a time that is not 0 (layout.ts). Container engines make the directories above them: those that
 * no layer has become root's with mode 0755.
 *
 * Everything is root's, of one time and readable by all, so that equal content gives equal bytes.
 */
import { TreeportError } from '../base/errors.ts';
import { TarWriter } from '../tar/writer.ts';
import type { LayerFile } from './layer-file.ts';
import { MIRROR_HOME } from './layout.ts';

const ROOT = { uid: 0, gid: 0 };
/** Seconds. With 0 clients take a file below the embedded repo for a part of the commit, or for a foreign path. */
const MTIME = 1;

export type LayerOptions = {
  /**
   * Also makes the image's root directory 0755: for commits whose root is closed to the ids that mirrors run
   * as. Importing clients keep the mode a directory had before.
   */
  readonly openRoot?: boolean;
};

/** Writes files below the mirror's home. */
export async function* layerTar(
  files: Iterable<LayerFile>,
  { openRoot = false }: LayerOptions = {},
): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  if (openRoot) writer.directory('./', { ...ROOT, mode: 0o755 });
  for (const file of files) yield* writeFile(writer, `${MIRROR_HOME}/${file.path}`, file);
  yield* writer.end();
}

async function* writeFile(writer: TarWriter, path: string, file: LayerFile): AsyncGenerator<Buffer> {
  const mode = file.executable ? 0o755 : 0o644;
  writer.header({ ...ROOT, path, type: 'file', mode, size: file.size, target: '', mtime: MTIME });
  let length = 0;
  for await (const piece of file.stream()) {
    length += piece.length;
    writer.data(piece);
    yield* writer.takeFull();
  }
  if (length !== file.size) {
    throw new TreeportError(
      'ERR_IO',
      `${path} changed while it was read: ${length} bytes instead of ${file.size}`,
    );
  }
  writer.pad(length);
}
