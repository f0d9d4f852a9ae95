/**
 * Opens the image argument of the verbs that read snapshots; an archive may lie in pieces on several media.
 */
import { Option } from 'commander';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Snapshot } from '../snapshot/open.ts';
import { archPlatform } from './arch-option.ts';
import { collectText } from './encapsulate-options.ts';
import { imageArgument } from './image-argument.ts';
import { type RegistryOptions, registryAccess } from './registry-options.ts';

export type SnapshotImageOptions = RegistryOptions & {
  readonly medium?: readonly string[];
  readonly arch?: string;
};

/** `--medium`: where other pieces are. */
export function mediumOption(): Option {
  return new Option(
    '--medium <directory>',
    'a directory with more pieces of a split snapshot; may be repeated, in any order',
  ).argParser(collectText);
}

/** Opens the snapshot for `work`. */
export async function withSnapshotImage<T>(
  text: string,
  options: SnapshotImageOptions,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const { openSnapshot } = await import('../snapshot/open.ts');
  const image = await openArgument(text, options);
  try {
    return await work(await openSnapshot(image));
  } finally {
    await image.close();
  }
}

async function openArgument(
  text: string,
  { medium = [], arch, ...options }: SnapshotImageOptions,
): Promise<OpenedImage> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { reference } = imageArgument(text);
  const { image, verification } = reference;
  if (image.transport === 'oci-archive' && verification.kind !== 'container-policy') {
    const { findPieces } = await import('../snapshot/pieces/find-pieces.ts');
    const { openPieces } = await import('../snapshot/pieces/open-pieces.ts');
    const { layoutLocation } = await import('../oci/model/reference.ts');
    const [first, ...others] = await findPieces(layoutLocation(image).path, medium);
    if (first !== undefined) return openPieces(image, [first, ...others]);
  }
  return openOstreeImage(reference, { ...(await registryAccess(options)), ...(await archPlatform(arch)) });
}
