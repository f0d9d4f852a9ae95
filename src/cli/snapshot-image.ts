/**
 * Opens the image argument of the verbs that read snapshots; an archive may lie in pieces on several media.
 */
import { Option } from 'commander';
import type { OstreeImageReference } from '../container/inspect/ostree-image-reference.ts';
import type { OpenedImage } from '../oci/read/opened-image.ts';
import type { Snapshot } from '../snapshot/open.ts';
import type { Piece } from '../snapshot/pieces/find-pieces.ts';
import {
  type ChosenPlatform,
  type PlatformOptions,
  type PlatformResult,
  platformsForOstree,
} from './arch-option.ts';
import { collectText } from './encapsulate-options.ts';
import { imageArgument } from './image-argument.ts';
import { type RegistryOptions, registryAccess } from './registry-options.ts';

export type SnapshotImageOptions = RegistryOptions &
  PlatformOptions & { readonly medium?: readonly string[] };

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
  options: Omit<SnapshotImageOptions, 'all'>,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const [{ result }] = (await eachSnapshotImage(text, options, work)) as [PlatformResult<T>];
  return result;
}

/** Opens the snapshot for `work`; with `--all` that of each platform, one after the other. */
export async function eachSnapshotImage<T>(
  text: string,
  options: SnapshotImageOptions,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<readonly PlatformResult<T>[]> {
  const { openSnapshot } = await import('../snapshot/open.ts');
  const { attributePieceError } = await import('../snapshot/pieces/attribute-piece-error.ts');
  const { formatPlatform } = await import('../oci/model/platform.ts');
  const { reference } = imageArgument(text);
  const pieces = await piecesOf(reference, options);
  const results: PlatformResult<T>[] = [];
  for (const platform of await platformsForOstree(reference.image, options)) {
    const run = async () => {
      const image = await openArgument(reference, pieces, options, platform);
      try {
        const result = await work(await openSnapshot(image));
        return { platform: formatPlatform(image.config), result };
      } finally {
        await image.close();
      }
    };
    results.push(await attributePieceError(pieces, run));
  }
  return results;
}

async function piecesOf(
  { image, verification }: OstreeImageReference,
  { medium = [] }: SnapshotImageOptions,
): Promise<readonly Piece[]> {
  if (image.transport !== 'oci-archive' || verification.kind === 'container-policy') return [];
  const { findPieces } = await import('../snapshot/pieces/find-pieces.ts');
  const { layoutLocation } = await import('../oci/model/reference.ts');
  return findPieces(layoutLocation(image).path, medium);
}

async function openArgument(
  reference: OstreeImageReference,
  [first, ...others]: readonly Piece[],
  options: SnapshotImageOptions,
  platform: ChosenPlatform,
): Promise<OpenedImage> {
  const { openOstreeImage } = await import('../container/inspect/open-ostree-image.ts');
  const { openPieces } = await import('../snapshot/pieces/open-pieces.ts');
  if (first !== undefined) return openPieces(reference.image, [first, ...others]);
  return openOstreeImage(reference, { ...(await registryAccess(options)), ...platform });
}
