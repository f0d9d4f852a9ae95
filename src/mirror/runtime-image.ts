/**
 * The runtime image, which has only the runtime layer. The Containerfile copies from it, and `--runtime` uses
 * its layer for mirrors of other architectures. Reproducible: its creation time is always 1970.
 */
import { VERSION } from '../base/version.ts';
import { finishImage, formatTimestamp } from '../container/encapsulate/image-draft.ts';
import type { Descriptor } from '../oci/model/descriptor.ts';
import type { Compression } from '../oci/write/compression.ts';
import type { ImageSink, OnImageBytes } from '../oci/write/image-sink.ts';
import { runtimeCommand } from './layout.ts';
import { LABEL_RUNTIME } from './mirror-config.ts';
import type { Runtime } from './runtime/runtime.ts';

export type RuntimeImageOptions = {
  readonly runtime: Runtime;
  readonly compression: Compression;
  /** With the total. */
  readonly onProgress?: OnImageBytes;
};

/** Writes the image into `sink` and finishes it; the caller aborts the sink if this throws. */
export async function buildRuntimeImage(
  sink: ImageSink,
  { runtime, compression, onProgress }: RuntimeImageOptions,
): Promise<Descriptor> {
  const created = formatTimestamp(0);
  const onBytes = onProgress && ((bytes: number) => onProgress(bytes, runtime.bytes));
  const options = { compression, created, ...(onBytes === undefined ? {} : { onProgress: onBytes }) };
  const layer = await runtime.putLayer(sink, options);
  return finishImage(sink, {
    platform: { architecture: runtime.architecture, os: 'linux' },
    created,
    config: { Entrypoint: runtimeCommand('serve'), WorkingDir: '/' },
    labels: {
      'org.opencontainers.image.title': 'treeport runtime',
      'org.opencontainers.image.description':
        'What mirror images run with: Node.js, its libraries, the server',
      'org.opencontainers.image.version': VERSION,
      [LABEL_RUNTIME]: runtime.architecture,
    },
    layers: [layer],
  });
}
