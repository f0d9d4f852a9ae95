/**
 * Layers of an image that treeport made, found by the keys in its history, to put them into another image.
 * For images in places that are read at no cost: layouts and archives. The image is trusted: its blobs are
 * verified against their digests, but only its maker knows that a layer is what its key says.
 */

import type { ErrorCode } from '../../base/error-codes.ts';
import { isTreeportError } from '../../base/errors.ts';
import { parseDigest } from '../../oci/model/descriptor.ts';
import { diffIdsOf } from '../../oci/model/diff-ids.ts';
import { formatImageReference } from '../../oci/model/reference.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import { copyBlob, type ImageSink } from '../../oci/write/image-sink.ts';
import { parseLayerComment } from '../layer-comment.ts';
import type { KnownLayer, LayerSource } from './layer-cache.ts';
import type { LayerKey } from './layer-key.ts';

const DAMAGES: readonly ErrorCode[] = ['ERR_BLOB_MISSING', 'ERR_BLOB_CORRUPT', 'ERR_IO'];

export function layersOfImage(image: OpenedImage): LayerSource {
  const layers = knownLayers(image);
  return {
    mayHave: (key) => layers.has(key),
    take: async (key: LayerKey, sink: ImageSink) => {
      const known = layers.get(key);
      if (known === undefined) return undefined;
      try {
        await copyBlob(image, known.descriptor, sink);
        return known;
      } catch (error) {
        if (DAMAGES.some((code) => isTreeportError(error, code))) return undefined;
        throw error;
      }
    },
  };
}

function knownLayers(image: OpenedImage): ReadonlyMap<LayerKey, KnownLayer> {
  const { manifest, config, reference } = image;
  const { own } = diffIdsOf(config, manifest, formatImageReference(reference));
  const history = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  return new Map(
    manifest.layers.flatMap(({ mediaType, digest, size }, index): [LayerKey, KnownLayer][] => {
      const key = parseLayerComment(history[index]?.comment)?.key;
      const diffId = own[index];
      if (key === undefined || diffId === undefined) return [];
      return [[key, { descriptor: { mediaType, digest, size }, diffId: parseDigest(diffId, 'a diff-id') }]];
    }),
  );
}
