/**
 * Reads a root filesystem from tar archives: the layers of an image, or one file, plain or compressed. The
 * bytes of files go into a temporary file, everything else is in memory.
 */
import { createReadStream } from 'node:fs';
import { errnoOf, isTreeportError, messageOf, TreeportError } from '../../base/errors.ts';
import { decompress } from '../../oci/read/decompress.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import type { OnBytes } from '../../oci/read/read-blob.ts';
import { readForeignEntries } from '../../tar/foreign-entries.ts';
import { finishTarTree, type TreeRules } from './finish-tar-tree.ts';
import type { RootTree } from './root-tree.ts';
import { Spool } from './spool.ts';
import { type AddOptions, TarTree } from './tar-tree.ts';

export type OpenedRoot = {
  readonly tree: RootTree;
  /** Removes or unmounts what the tree's bytes are read from. */
  close(): Promise<void>;
};

export type ReadTarsOptions = TreeRules & {
  /** Receives the number of bytes that were read since the last call. */
  readonly onBytes?: OnBytes;
};

const PIECE_BYTES = 256 * 1024;

/** The file at `path`. ERR_TAR, ERR_IO, ERR_ROOTFS_ENTRY, ERR_DISK_FULL. */
export function readTarFile(path: string, options: ReadTarsOptions): Promise<OpenedRoot> {
  return readTars([{ name: path, open: () => fileTar(path, options) }], false, options);
}

/** The layers of an image, without its whiteouts. ERR_TAR, errors of the image, as above. */
export function readImageLayers(image: OpenedImage, options: ReadTarsOptions): Promise<OpenedRoot> {
  const layers = image.manifest.layers.map((layer) => ({
    name: `layer ${layer.digest}`,
    open: () => image.layer(layer, options.onBytes),
  }));
  return readTars(layers, true, options);
}

type NamedTar = {
  /** For messages. */
  readonly name: string;
  readonly open: () => AsyncIterable<Uint8Array>;
};

async function readTars(
  tars: readonly NamedTar[],
  hasWhiteouts: boolean,
  options: TreeRules,
): Promise<OpenedRoot> {
  const spool = await Spool.create();
  try {
    const tree = new TarTree();
    const keep: AddOptions['keep'] = (data) => spool.add(data);
    for (const [layer, { name, open }] of tars.entries())
      await naming(name, () => tree.add(readForeignEntries(open()), { layer, hasWhiteouts, keep }));
    await spool.flush();
    return { tree: finishTarTree(tree, options), close: () => spool.remove() };
  } catch (error) {
    await spool.remove();
    throw error;
  }
}

/** Errors of the tar format do not say which tar it was. */
async function naming(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isTreeportError(error, 'ERR_TAR') || error.message.includes(name)) throw error;
    throw new TreeportError('ERR_TAR', `${name}: ${error.message}`, { cause: error });
  }
}

async function* fileTar(path: string, { onBytes }: ReadTarsOptions): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES }) as AsyncIterable<Buffer>;
  try {
    yield* decompress(counted(file, onBytes));
  } catch (error) {
    if (isTreeportError(error)) throw error;
    const [code, what] =
      errnoOf(error) === undefined
        ? (['ERR_TAR', 'does not decompress'] as const)
        : (['ERR_IO', 'cannot be read'] as const);
    throw new TreeportError(code, `${path} ${what}: ${messageOf(error)}`, { cause: error });
  }
}

async function* counted(input: AsyncIterable<Buffer>, onBytes: OnBytes | undefined): AsyncGenerator<Buffer> {
  for await (const piece of input) {
    onBytes?.(piece.length);
    yield piece;
  }
}
