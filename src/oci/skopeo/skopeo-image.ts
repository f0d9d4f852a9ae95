/**
 * Opens images that lie where only skopeo gets at them, under the containers policy. They are streamed through skopeo's
 * image proxy; an older skopeo, whose proxy cannot do what is needed, copies the image here first.
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
import { accessWords } from './registry-access.ts';
import { platformWords, skopeoCopy } from './skopeo.ts';
import { stallLimit } from './stall.ts';

/** From these versions of the protocol (0.2.x) on the proxy can do it: those of skopeo 1.6, 1.11 and 1.13. */
const GIVES_CONFIG = 3;
const GIVES_LAYERS_IN_PLACE = 5;
const ENFORCES_POLICY = 6;

/** Opens the image; ERR_POLICY and what skopeo says of the place. */
export async function openThroughSkopeo(
  reference: ImageReference,
  options: OpenImageOptions,
): Promise<OpenedImage> {
  const policy = await findContainersPolicy();
  const global = [...platformWords(options.platform), '--policy', policy.path];
  const streamed =
    options.reread === true
      ? undefined
      : await openStreamed(reference, options, global, await acceptsAnyImage(policy, reference));
  return streamed ?? copyHere(reference, options, global);
}

/** Undefined if this skopeo's proxy cannot do it. */
async function openStreamed(
  reference: ImageReference,
  options: OpenImageOptions,
  global: readonly string[],
  isAcceptedAnyway: boolean,
): Promise<OpenedImage | undefined> {
  const words = accessWords(options);
  const stall = stallLimit(reference, options);
  const start = () => ImageProxy.start({ place: formatImageReference(reference), global, words, stall });
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

/** A copy of the image in a temporary layout, which goes when the image is closed. */
async function copyHere(
  reference: ImageReference,
  options: OpenImageOptions,
  global: readonly string[],
): Promise<OpenedImage> {
  const directory = await makeTemporaryDirectory();
  try {
    const path = `${directory.path}/image`;
    const place = formatImageReference(reference);
    // The policy has seen the signatures; a layout has no place for them.
    const copy = ['--remove-signatures', ...accessWords(options, 'src-')];
    const watch = { stall: stallLimit(reference, options), progress: () => bytesBelow(path) };
    await skopeoCopy(place, `oci:${path}`, { global, copy, what: place, watch });
    const store = await openLayoutStore(path);
    const image = await openInStore(store, { reference, tag: undefined, platform: options.platform });
    return { ...image, close: () => directory.remove() };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

/** What has come of a layout that is being written. */
async function bytesBelow(path: string): Promise<number> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const sizes = entries.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  } catch {
    // Not begun, or a file was renamed meanwhile.
    return 0;
  }
}
