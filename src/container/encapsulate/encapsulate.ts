/**
 * Encapsulates an ostree commit as an OCI image, as ostree-ext does: layer 0, the ostree layer, has the
 * embedded repo and hard-links every file of the tree to its object; labels and annotations describe the
 * commit. Reproducible: the same commit and options give the same bytes on every machine.
 */
import type { Platform } from '../../oci/model/descriptor.ts';
import type { ContainerConfig } from '../../oci/model/image-config.ts';
import { goArchitecture, hostPlatform } from '../../oci/model/platform.ts';
import type { Compression } from '../../oci/write/compression.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import { writeLayer } from '../../oci/write/layer-writer.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { type Commit, parseCommit } from '../../ostree/commit.ts';
import { dictString, dictStrings } from '../../ostree/metadata-dict.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { commitObjects } from '../../tar/chunk.ts';
import { exportOstreeLayer } from '../../tar/export-commit.ts';
import { commitLabels, LABEL_FINAL_DIFFID, type LabelOptions } from '../labels.ts';
import { formatTimestamp, historyTimestamp, type ImageDraft } from './image-draft.ts';

export type EncapsulateOptions = LabelOptions & {
  readonly compression: Compression;
  /** The base of the image's configuration. */
  readonly config: ContainerConfig;
  /** Overrides the configuration's command and the commit's `ostree.container-cmd`. */
  readonly cmd?: readonly string[];
  /** In any spelling. Default: the commit's `ostree.architecture`, else this machine's. */
  readonly architecture?: string;
  /** The image's creation time, verbatim. Default: the commit's timestamp. */
  readonly created?: string;
  /** Receives, from time to time, the number of tar bytes so far. */
  readonly onProgress?: (bytes: number) => void;
};

/** Writes the layers of the commit into `sink`; finishImage finishes the image. */
export async function encapsulate(
  source: ObjectSource,
  checksum: Checksum,
  sink: ImageSink,
  options: EncapsulateOptions,
): Promise<ImageDraft> {
  const commit = parseCommit(await source.metadata('commit', checksum));
  const labels = commitLabels(checksum, commit, options);
  const created = options.created ?? formatTimestamp(commit.timestamp);
  const tar = exportOstreeLayer(source, checksum, { objects: await commitObjects(source, checksum) });
  const layer = await writeLayer(sink, tar, {
    compression: options.compression,
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  const history = {
    created: historyTimestamp(created),
    created_by: commit.subject || `ostree export of commit ${checksum}`,
  };
  return {
    platform: platformOf(commit, options.architecture),
    created,
    config: containerConfig(commit, options),
    labels: { ...labels, [LABEL_FINAL_DIFFID]: layer.diffId },
    layers: [{ descriptor: layer.descriptor, diffId: layer.diffId, history }],
  };
}

function containerConfig(commit: Commit, { config, cmd }: EncapsulateOptions): ContainerConfig {
  const command = cmd ?? dictStrings(commit.metadata, 'ostree.container-cmd');
  return command === undefined ? config : { ...config, Cmd: command };
}

/** The platform of a commit's image; `architecture` as in {@link EncapsulateOptions}. */
export function platformOf(commit: Commit, architecture: string | undefined): Platform {
  const name = architecture ?? dictString(commit.metadata, 'ostree.architecture');
  return name === undefined ? hostPlatform() : { architecture: goArchitecture(name), os: 'linux' };
}
