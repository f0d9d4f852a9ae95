/**
 * The tar of a layer of ours: everything is root's, of time 0 and readable by all, so that equal content gives
 * equal bytes. Paths stay below `sysroot/treeport`.
 */
import { TreeportError } from '../base/errors.ts';
import { TarWriter } from '../tar/writer.ts';
import type { LayerFile, LayerNode } from './layer-file.ts';
import { TREEPORT_PATH } from './layout.ts';

const DIRECTORY_MODE = 0o755;
const ROOT = { uid: 0, gid: 0 };

export type LayerOptions = {
  /**
   * Also makes the image's root directory 0755: for commits whose root is closed to the ids that mirrors run
   * as. Importing clients keep the mode a directory had before.
   */
  readonly openRoot?: boolean;
};

/** Writes files and directories, whose paths are below `sysroot/treeport`, and the directories above them. */
export async function* layerTar(
  nodes: Iterable<LayerNode>,
  { openRoot = false }: LayerOptions = {},
): AsyncGenerator<Buffer> {
  const writer = new TarWriter();
  const directories = new Set<string>();
  const directory = (path: string): void => {
    if (directories.has(path)) return;
    directories.add(path);
    writer.directory(path, { ...ROOT, mode: DIRECTORY_MODE });
  };
  if (openRoot) directory('./');
  for (const node of nodes) {
    const path = `${TREEPORT_PATH}/${node.path}`;
    for (const parent of parentsOf(path)) directory(parent);
    if (node.kind === 'directory') directory(path);
    else yield* writeFile(writer, path, node);
  }
  yield* writer.end();
}

async function* writeFile(writer: TarWriter, path: string, file: LayerFile): AsyncGenerator<Buffer> {
  const mode = file.executable ? 0o755 : 0o644;
  writer.header({ ...ROOT, path, type: 'file', mode, size: file.size, target: '' });
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

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
