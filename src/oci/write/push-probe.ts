/**
 * Asks whether an image can be pushed to a place, without leaving one there: skopeo pushes an image whose
 * only layer does not match its digest. skopeo finds that out when it has connected, logged in and begun to
 * upload the layer, and gives up; a registry forgets uploads that do not end. Any other failure is that of
 * the place (docs/decisions/0136-asking-before-the-work.md).
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { TreeportError } from '../../base/errors.ts';
import { withTemporaryDirectory } from '../../base/temporary-directory.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { type Digest, digestOf } from '../model/descriptor.ts';
import { MEDIA_TYPE_CONFIG, MEDIA_TYPE_LAYER_GZIP, MEDIA_TYPE_MANIFEST } from '../model/media-types.ts';
import { hostPlatform } from '../model/platform.ts';
import { formatImageReference, type ImageReference } from '../model/reference.ts';
import { type RegistryAccess, skopeoAccess } from '../skopeo/registry-access.ts';
import { skopeoFault } from '../skopeo/skopeo-fault.ts';
import { SkopeoProcess } from '../skopeo/skopeo-process.ts';
import { putBlob } from './image-sink.ts';
import { createLayoutSink } from './layout-directory.ts';

/** Seconds for the whole question, unless the stall timeout is set. */
const LIMIT = 20;

/** The errors of skopeo; ERR_REGISTRY_UNREACHABLE after the time limit. */
export async function probePush(reference: ImageReference, registry: RegistryAccess): Promise<void> {
  const place = formatImageReference(reference);
  const fault = await withTemporaryDirectory(async (directory) => {
    const path = join(directory, 'probe');
    const layer = await writeProbe(path);
    const message = await pushProbe(path, reference, registry);
    return message.includes(layer) ? undefined : message;
  });
  if (fault === undefined) return;
  throw skopeoFault(`writing ${place}`, fault.replace(/^trying to reuse blob \S+ at destination: /, ''));
}

/** Writes the image; returns the digest of what it has in the place of its layer. */
async function writeProbe(path: string): Promise<Digest> {
  const sink = await createLayoutSink({ path, tag: undefined });
  const platform = hostPlatform();
  const announced = digestOf(randomBytes(32));
  // The magic number of gzip keeps skopeo from compressing it.
  const bytes = Buffer.concat([Buffer.from([0x1f, 0x8b]), randomBytes(30)]);
  const layer = await sink.openBlob();
  await layer.write(bytes);
  await layer.commit(announced);
  const rootfs = { type: 'layers', diff_ids: [announced] };
  const config = await putBlob(sink, canonicalJson({ ...platform, rootfs }), MEDIA_TYPE_CONFIG);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE_MANIFEST,
    config,
    layers: [{ mediaType: MEDIA_TYPE_LAYER_GZIP, digest: announced, size: bytes.length }],
  };
  await sink.finish(await putBlob(sink, canonicalJson(manifest), MEDIA_TYPE_MANIFEST), platform);
  return digestOf(bytes);
}

/** What skopeo says. */
async function pushProbe(path: string, to: ImageReference, registry: RegistryAccess): Promise<string> {
  const { args, input } = skopeoAccess(to, registry, 'dest-');
  const { stallTimeout: limit = LIMIT } = registry;
  const place = formatImageReference(to);
  const process = new SkopeoProcess(['copy', '--quiet', ...args, `oci:${path}`, place], { input });
  const state = { isLate: false };
  const onLate = () => {
    state.isLate = true;
    process.kill();
  };
  const timer = limit === 0 ? undefined : setTimeout(onLate, limit * 1000);
  const end = await process.ended.finally(() => clearTimeout(timer));
  if (!state.isLate) return process.lastMessage || `it ended with ${end}`;
  throw new TreeportError(
    'ERR_REGISTRY_UNREACHABLE',
    `writing ${place}: no answer within ${limit} s; check its name and the network, or allow more time with --stall-timeout`,
  );
}
