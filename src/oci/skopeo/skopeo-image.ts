/**
 * Opens images through skopeo, under the containers policy: registries, containers-storage and the other
 * transports that treeport does not read itself. Images are streamed through skopeo's image proxy; if
 * skopeo's proxy is too old, the image is copied to a temporary layout first.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryDirectory } from '../../base/temporary-directory.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import { openLayoutStore } from '../read/blob-store.ts';
import type { OpenImageOptions } from '../read/open-image-options.ts';
import { openInStore } from '../read/open-layout.ts';
import type { OpenedImage } from '../read/opened-image.ts';
import { acceptsAnyImage, findContainersPolicy } from './containers-policy.ts';
import { ImageProxy } from './image-proxy.ts';
import { openProxiedImage } from './proxied-image.ts';
import { skopeoAccess } from './registry-access.ts';
import { platformArgs, skopeoCopy } from './skopeo.ts';
import { stallLimit } from './stall.ts';

/** Minimum protocol versions (0.2.x) of these features: those of skopeo 1.6, 1.11 and 1.13. */
const GIVES_CONFIG = 3;
const GIVES_LAYERS_IN_PLACE = 5;
const ENFORCES_POLICY = 6;

/** Opens the image; ERR_POLICY and the errors of skopeo. */
export async function openThroughSkopeo(
  reference: ImageReference,
  options: OpenImageOptions,
): Promise<OpenedImage> {
  const policy = await findContainersPolicy();
  const global = [...platformArgs(options.platform), '--policy', policy.path];
  const streamed =
    options.reread === true
      ? undefined
      : await openStreamed(reference, options, global, await acceptsAnyImage(policy, reference));
  return streamed ?? copyHere(reference, options, global);
}

/** Undefined if skopeo's proxy is too old. */
async function openStreamed(
  reference: ImageReference,
  options: OpenImageOptions,
  global: readonly string[],
  isAcceptedAnyway: boolean,
): Promise<OpenedImage | undefined> {
  const access = skopeoAccess(reference, options);
  const stall = stallLimit(reference, options);
  const start = () => ImageProxy.start({ place: formatImageReference(reference), global, access, stall });
  const proxy = await start();
  try {
    if (suffices(proxy.version, reference, isAcceptedAnyway)) {
      return await openProxiedImage(proxy, { reference, platform: options.platform, start });
    }
  } catch (error) {
    await proxy.close();
    throw error;
  }
  await proxy.close();
  return undefined;
}

function suffices(version: string, { transport }: ImageReference, isAcceptedAnyway: boolean): boolean {
  const patch = Number(/^0\.2\.(\d+)$/.exec(version)?.[1]);
  if (Number.isNaN(patch) || patch < GIVES_CONFIG) return false;
  if (transport === 'containers-storage' && patch < GIVES_LAYERS_IN_PLACE) return false;
  return isAcceptedAnyway || patch >= ENFORCES_POLICY;
}

/** Copies the image to a temporary layout, which is removed when the image is closed. */
async function copyHere(
  reference: ImageReference,
  options: OpenImageOptions,
  global: readonly string[],
): Promise<OpenedImage> {
  const directory = await makeTemporaryDirectory();
  try {
    const path = `${directory.path}/image`;
    const place = formatImageReference(reference);
    // skopeo has checked the signatures against the policy; a layout cannot store them.
    const { args, input } = skopeoAccess(reference, options, 'src-');
    const copy = ['--remove-signatures', ...args];
    const watch = { stall: stallLimit(reference, options), progress: () => bytesBelow(path) };
    await skopeoCopy(place, `oci:${path}`, { global, copy, input, what: place, watch });
    const store = await openLayoutStore(path);
    const image = await openInStore(store, { reference, tag: undefined, platform: options.platform });
    return { ...image, close: () => directory.remove() };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

/** Bytes written so far to a layout. */
async function bytesBelow(path: string): Promise<number> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const sizes = entries.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  } catch {
    // Not started, or a file was renamed concurrently.
    return 0;
  }
}
