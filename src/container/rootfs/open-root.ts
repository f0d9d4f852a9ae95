/**
 * Opens a root filesystem where it is: a directory, a tar file, or an image. Images of container storage are
 * mounted, as for imports; the layers of all others, and of what cannot be mounted, are read in order.
 */
import { statSync } from 'node:fs';
import { TreeportError, type Warn } from '../../base/errors.ts';
import type { ImageReference } from '../../oci/model/reference.ts';
import { openImage } from '../../oci/read/open-image.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import type { RegistryAccess } from '../../oci/skopeo/registry-access.ts';
import { tryMountStorageImage } from '../import/storage-mount.ts';
import { type BaseImage, baseImage } from './base-image.ts';
import { type OpenedRoot, type ReadTarsOptions, readImageLayers, readTarFile } from './read-tars.ts';
import { type ScanOptions, scanDirectory } from './scan-directory.ts';

export type OpenRootOptions = ScanOptions & ReadTarsOptions & { readonly warn: Warn };

export type OpenedBase = OpenedRoot & { readonly base: BaseImage };

/** A directory, or a tar file. ERR_ROOTFS, and the errors of reading both. */
export async function openRootAt(path: string, options: OpenRootOptions): Promise<OpenedRoot> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isDirectory())
    return { tree: scanDirectory(path, options), close: async () => {} };
  if (stats.isFile()) return readTarFile(path, options);
  throw new TreeportError('ERR_ROOTFS', `${path} is neither a directory nor a tar file`);
}

/** The root filesystem of an image, and what the image says of itself. */
export async function openRootOf(
  reference: ImageReference,
  access: RegistryAccess,
  options: OpenRootOptions,
): Promise<OpenedBase> {
  const image = await openImage(reference, access);
  try {
    const base = baseImage(image);
    return { ...(await readRoot(image, options)), base };
  } catch (error) {
    image.abort(error as Error);
    throw error;
  } finally {
    await image.close();
  }
}

async function readRoot(image: OpenedImage, options: OpenRootOptions): Promise<OpenedRoot> {
  const { transport, name } = image.reference;
  const mounted = transport === 'containers-storage' ? tryMountStorageImage(name, options.warn) : undefined;
  if (mounted === undefined) return readImageLayers(image, options);
  try {
    return { tree: scanDirectory(mounted.path, options), close: async () => mounted.close() };
  } catch (error) {
    mounted.close();
    throw error;
  }
}
