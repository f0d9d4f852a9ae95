/**
 * Describes an encapsulated image from its manifest, its config and the first objects of its ostree layer.
 */
import type { Descriptor, Digest } from '../../oci/model/descriptor.ts';
import type { OpenedImage } from '../../oci/read/opened-image.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { parseCommit } from '../../ostree/commit.ts';
import { dictString } from '../../ostree/metadata-dict.ts';
import { type PresentSignature, presentSignatures } from '../../ostree/sign/present-signatures.ts';
import { signedCommit } from '../../ostree/sign/signed-commit.ts';
import { readCommitHead } from '../../tar/commit-head.ts';
import { type VerifiedSignature, verifyCommitHead } from '../import/verify-signatures.ts';
import { LABEL_REFS, LABEL_VERSION, type Labels } from '../labels.ts';
import { encapsulatedLayers, type LayerInfo, layersOf } from './layers.ts';

export type ImageInfo = {
  readonly digest: Digest;
  /** The encapsulated commit, as are `version`, `signatures` and `verified`. */
  readonly commit: CommitInfo;
  readonly version: string | undefined;
  /** Go's name. */
  readonly architecture: string;
  readonly os: string;
  /** RFC 3339 by convention; unchecked. */
  readonly created: string | undefined;
  readonly labels: Labels;
  readonly layers: readonly LayerInfo[];
  /** The published refs of a mirror image. */
  readonly mirrorRefs: readonly string[] | undefined;
  readonly signatures: readonly PresentSignature[];
  /** Undefined if verification was not requested. */
  readonly verified: readonly VerifiedSignature[] | undefined;
};

export type CommitInfo = {
  readonly checksum: Checksum;
  readonly subject: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
};

export type ImageInfoOptions = {
  /** Verify the commit's signatures with this remote of the repository at this path. */
  readonly verify?: { readonly repo: string; readonly remote: string };
};

/** ERR_VARIANT if the bytes are no commit. */
export function commitInfo(checksum: Checksum, bytes: Uint8Array): CommitInfo {
  const { subject, timestamp } = parseCommit(bytes);
  return { checksum, subject, timestamp };
}

/**
 * Reads only the beginning of the ostree layer, so its digest is not verified. The commit is verified by its
 * checksum; only an import verifies the rest of the image. ERR_NOT_ENCAPSULATED, the errors of the image and
 * of the signatures.
 */
export async function imageInfo(image: OpenedImage, options: ImageInfoOptions = {}): Promise<ImageInfo> {
  const { ostree } = encapsulatedLayers(image);
  const head = await readCommitHead(image.layer(ostree[0] as Descriptor));
  const { commit: checksum, bytes, detached } = head;
  const { metadata } = parseCommit(bytes);
  const { verify } = options;
  const verified = verify === undefined ? undefined : await verifyCommitHead(head, verify);
  const { config } = image;
  const labels = config.config?.Labels ?? {};
  return {
    digest: image.manifestDigest,
    commit: commitInfo(checksum, bytes),
    version: dictString(metadata, 'version') ?? labels[LABEL_VERSION],
    architecture: config.architecture,
    os: config.os,
    created: config.created,
    labels,
    layers: layersOf(image, ostree.length),
    mirrorRefs: labels[LABEL_REFS]?.split(' ').filter((ref) => ref !== ''),
    signatures: presentSignatures(signedCommit(checksum, bytes, detached).metadata),
    verified,
  };
}
