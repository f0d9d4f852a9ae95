/**
 * Labels of an encapsulated image, as ostree-ext makes them: later ones override earlier ones. The same set
 * becomes the manifest's annotations. `ostree.final-diffid` is added once the layers are known.
 */
import { TreeportError } from '../base/errors.ts';
import type { Checksum } from '../ostree/checksum.ts';
import type { Commit } from '../ostree/commit.ts';
import { dictBoolean, dictString } from '../ostree/metadata-dict.ts';

export const LABEL_COMMIT = 'ostree.commit';
export const LABEL_FINAL_DIFFID = 'ostree.final-diffid';
export const LABEL_BOOTABLE = 'ostree.bootable';
export const LABEL_BOOTC = 'containers.bootc';
export const LABEL_LINUX = 'ostree.linux';
export const LABEL_VERSION = 'org.opencontainers.image.version';
/** The refs that a mirror image publishes, separated by spaces. Only mirror images have this label. */
export const LABEL_REFS = 'treeport.refs';

/** The version of treeport that made a mirror image. */
export const LABEL_TREEPORT = 'treeport.version';

/**
 * Annotation of component layers: the names of their components, joined with commas; empty for a reserved
 * layer.
 */
export const ANNOTATION_COMPONENTS = 'ostree.components';

export type Labels = Readonly<Record<string, string>>;

export type LabelOptions = {
  /** Metadata keys that must exist and be strings. */
  readonly copyMeta?: readonly string[];
  /** Metadata keys that are copied if they exist. */
  readonly copyMetaOptional?: readonly string[];
  /** The user's own labels. */
  readonly labels?: Labels;
};

export function commitLabels(checksum: Checksum, commit: Commit, options: LabelOptions): Labels {
  const { metadata } = commit;
  const labels = new Map<string, string>();
  for (const key of options.copyMeta ?? []) labels.set(key, requiredString(commit, key));
  for (const key of options.copyMetaOptional ?? []) {
    if (metadata.has(key)) labels.set(key, requiredString(commit, key));
  }
  const bootable = dictBoolean(metadata, LABEL_BOOTABLE);
  if (bootable !== undefined) {
    labels.set(LABEL_BOOTABLE, String(bootable));
    labels.set(LABEL_BOOTC, '1');
  }
  const linux = dictString(metadata, LABEL_LINUX);
  if (linux !== undefined) labels.set(LABEL_LINUX, linux);
  const version = dictString(metadata, 'version');
  if (version !== undefined) labels.set(LABEL_VERSION, version);
  labels.set(LABEL_COMMIT, checksum);
  // Not by assignment, because `__proto__` is a valid key.
  return { ...Object.fromEntries(labels), ...options.labels };
}

function requiredString(commit: Commit, key: string): string {
  const found = commit.metadata.get(key);
  if (found?.type === 's') return found.value as string;
  const why = found === undefined ? 'does not have it' : `holds it as "${found.type}", not as a string`;
  throw new TreeportError(
    'ERR_METADATA_KEY',
    `metadata key "${key}" cannot become a label: the commit ${why}`,
  );
}
