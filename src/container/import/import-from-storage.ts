/** Imports an image from local container storage by mounting it, if possible. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import { openRepository, type Repository } from '../../ostree/repo/open.ts';
import { REPO_PATH } from '../../tar/layout.ts';
import type { OstreeImageReference } from '../inspect/ostree-image-reference.ts';
import { type ImportMountedOptions, importMounted, type MountedReport } from './import-mounted.ts';
import { tryMountStorageImage } from './storage-mount.ts';

export type ImportFromStorageOptions = Omit<ImportMountedOptions, 'verification' | 'where'> & {
  /** Receives the reason if the image cannot be mounted. */
  readonly warn: (message: string) => void;
};

/**
 * Imports the commit of an image in container storage. Returns undefined if the image is elsewhere, cannot be
 * mounted, or must satisfy the containers policy, which applies to manifests and not to files; the caller can
 * then read its layers.
 */
export async function importFromStorage(
  { verification, image }: OstreeImageReference,
  { warn, ...options }: ImportFromStorageOptions,
): Promise<MountedReport | undefined> {
  if (image.transport !== 'containers-storage' || verification.kind === 'container-policy') return undefined;
  const where = `containers-storage:${image.name}`;
  const mounted = tryMountStorageImage(image.name, warn);
  if (mounted === undefined) return undefined;
  try {
    const { objects } = await openEmbeddedRepo(mounted.path, where);
    return await importMounted(objects, { ...options, verification, where });
  } finally {
    mounted.close();
  }
}

/**
 * The repository inside the image mounted at `root`; ERR_NOT_ENCAPSULATED if there is none. `where` is for
 * messages.
 */
export async function openEmbeddedRepo(root: string, where: string): Promise<Repository> {
  const path = join(root, REPO_PATH);
  const problem = (reason: string, cause?: unknown) =>
    new TreeportError('ERR_NOT_ENCAPSULATED', `${where} was not made from an ostree commit: ${reason}`, {
      cause,
    });
  // A link would lead out of the image, and so would a parent repository.
  const real = await realpath(path).catch((error) => {
    throw problem(`it has no /${REPO_PATH}`, error);
  });
  if (real !== join(await realpath(root), REPO_PATH)) throw problem(`its /${REPO_PATH} is a link`);
  const repo = await openRepository(path).catch((error) => {
    throw isTreeportError(error) ? problem(error.message, error) : error;
  });
  if (repo.mode !== 'bare-split-xattrs' || repo.parent !== undefined)
    throw problem(`its /${REPO_PATH} is no embedded repository but one of mode ${repo.mode}`);
  return repo;
}
