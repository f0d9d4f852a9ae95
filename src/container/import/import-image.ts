/** Imports the commit of an image in one call. */
import type { OpenImageOptions } from '../../oci/read/open-image-options.ts';
import { openOstreeImage } from '../inspect/open-ostree-image.ts';
import { parseOstreeImageReference } from '../inspect/ostree-image-reference.ts';
import { type ImportReport, type UnencapsulateOptions, unencapsulate } from './unencapsulate.ts';

export type ImportImageOptions = Omit<UnencapsulateOptions, 'repo' | 'verification'> & {
  /** How a registry is reached, and which image of an index is taken. */
  readonly open?: OpenImageOptions;
};

/**
 * Imports the commit of an image into the repository at `repo`. The reference says what it must prove:
 * `ostree-remote-image:REMOTE:IMAGE` (signatures by the keys of a remote), `ostree-image-signed:IMAGE` (the
 * containers policy) or `ostree-unverified-image:IMAGE`. A failed import leaves nothing but complete
 * component layers.
 */
export async function importImage(
  reference: string,
  repo: string,
  { open, ...options }: ImportImageOptions = {},
): Promise<ImportReport> {
  const parsed = parseOstreeImageReference(reference);
  const image = await openOstreeImage(parsed, open);
  try {
    return await unencapsulate(image, { ...options, repo, verification: parsed.verification });
  } finally {
    await image.close();
  }
}
