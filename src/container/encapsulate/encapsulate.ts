/**
 * Encapsulates an ostree commit as an OCI image, as ostree-ext does: layer 0, the ostree layer, has the
 * embedded repo, and every layer hard-links files of the tree to its objects; labels and annotations describe
 * the commit. A plan says which objects go into which layer. Reproducible: the same commit, options and plan
 * give the same bytes on every machine.
 */
import { TreeportError } from '../../base/errors.ts';
import type { Platform } from '../../oci/model/descriptor.ts';
import type { ContainerConfig } from '../../oci/model/image-config.ts';
import { goArchitecture, hostPlatform, knownArchitecture } from '../../oci/model/platform.ts';
import type { ImageSink } from '../../oci/write/image-sink.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { type Commit, parseCommit } from '../../ostree/commit.ts';
import { dictString, dictStrings } from '../../ostree/metadata-dict.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { commitLabels, LABEL_FINAL_DIFFID, type LabelOptions } from '../labels.ts';
import { commitLayers, type LayersOptions } from './commit-layers.ts';
import { formatTimestamp, historyTimestamp, type ImageDraft, type ImageLayer } from './image-draft.ts';
import { checkImageValues } from './image-values.ts';

export type EncapsulateOptions = LabelOptions &
  LayersOptions & {
    /** The base of the image's configuration. Default: empty. */
    readonly config?: ContainerConfig;
    /** Overrides the configuration's command and the commit's `ostree.container-cmd`. */
    readonly cmd?: readonly string[];
    /** In any spelling. Default: the commit's `ostree.architecture`, else this machine's. */
    readonly architecture?: string;
    /** The image's creation time: RFC 3339, verbatim. Default: the commit's timestamp. */
    readonly created?: string;
  };

/** Writes the layers of the commit into `sink`; finishImage finishes the image. ERR_LAYER_PLAN. */
export async function encapsulate(
  source: ObjectSource,
  checksum: Checksum,
  sink: ImageSink,
  options: EncapsulateOptions = {},
): Promise<ImageDraft> {
  checkImageValues(options);
  const commit = parseCommit(await source.metadata('commit', checksum));
  platformOf(commit, options.architecture);
  const created = options.created ?? formatTimestamp(commit.timestamp);
  const history = {
    created: historyTimestamp(created),
    created_by: commit.subject || `ostree export of commit ${checksum}`,
  };
  const layers = await commitLayers(source, checksum, sink, { ...options, history });
  return draftOf({ checksum, commit }, layers, options);
}

/** The image of a commit whose layers are in the sink. */
export function draftOf(
  { checksum, commit }: { readonly checksum: Checksum; readonly commit: Commit },
  layers: readonly [ImageLayer, ...ImageLayer[]],
  options: EncapsulateOptions,
): ImageDraft {
  const { diffId } = layers.at(-1) ?? layers[0];
  return {
    platform: platformOf(commit, options.architecture),
    created: options.created ?? formatTimestamp(commit.timestamp),
    config: containerConfig(commit, options),
    labels: { ...commitLabels(checksum, commit, options), [LABEL_FINAL_DIFFID]: diffId },
    layers,
  };
}

function containerConfig(commit: Commit, { config = {}, cmd }: EncapsulateOptions): ContainerConfig {
  const command = cmd ?? dictStrings(commit.metadata, 'ostree.container-cmd');
  return command === undefined ? config : { ...config, Cmd: command };
}

/** The platform of a commit's image; `architecture` as in {@link EncapsulateOptions}. */
export function platformOf(commit: Commit, architecture: string | undefined): Platform {
  if (architecture !== undefined) return { architecture: goArchitecture(architecture), os: 'linux' };
  const name = dictString(commit.metadata, 'ostree.architecture');
  if (name === undefined) return hostPlatform();
  const known = knownArchitecture(name);
  if (known !== undefined) return { architecture: known, os: 'linux' };
  throw new TreeportError(
    'ERR_METADATA_KEY',
    `ostree.architecture of the commit is ${JSON.stringify(name)}, which no image can have; set one with --arch`,
  );
}
