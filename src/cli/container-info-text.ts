/** Formats image info for people. The first line is that of ostree-ext's own command. */
import { formatByteSize } from '../base/byte-size.ts';
import { timestampText } from '../base/timestamp.ts';
import type { CommitInfo, ImageInfo } from '../container/inspect/image-info.ts';
import type { LayerInfo } from '../container/inspect/layers.ts';
import { LABEL_REFS } from '../container/labels.ts';
import type { PresentSignature } from '../ostree/sign/present-signatures.ts';

export type InfoTextOptions = {
  /** All commits, if they are known: the encapsulated one first. */
  readonly commits: readonly CommitInfo[] | undefined;
  /** The remote whose keys verified the signatures. */
  readonly remote: string | undefined;
};

export function* infoLines(
  name: string,
  info: ImageInfo,
  { commits, remote }: InfoTextOptions,
): Generator<string> {
  yield `${name} digest: ${info.digest}`;
  yield* fields([
    ['Commit', info.commit.checksum],
    ['Subject', info.commit.subject || '(no subject)'],
    ['Date', timestampText(info.commit.timestamp)],
    ['Version', info.version],
    ['Platform', `${info.os}/${info.architecture}`],
    ['Created', info.created],
    ['Mirror image', mirrorText(info)],
    ...signatureFields(info.signatures),
    ...verifiedFields(info, remote),
  ]);
  if (commits !== undefined) {
    yield `Commits: ${commits.length}`;
    for (const { checksum, subject, timestamp } of commits)
      yield `    ${checksum}  ${timestampText(timestamp)}  ${subject || '(no subject)'}`;
  }
  yield 'Labels:';
  for (const [key, value] of Object.entries(info.labels)) yield `    ${key}=${value}`;
  yield* layerLines(info.layers);
}

function mirrorText({ mirrorRefs, labels }: ImageInfo): string {
  if (mirrorRefs === undefined) return 'no';
  const from =
    labels[LABEL_REFS] === '' && mirrorRefs.length > 0 ? ` (the label ${LABEL_REFS} is empty)` : '';
  return `of ${mirrorRefs.join(', ') || 'no refs'}${from}`;
}

/** Names listed in full; longer lists are cut. */
const MAX_NAMES = 4;

/** The first few names, and how many more there are. */
export function namesText(names: readonly string[]): string {
  if (names.length <= MAX_NAMES + 1) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
}

type Field = readonly [string, string | undefined];

function* fields(all: readonly Field[]): Generator<string> {
  for (const [title, value] of all) {
    if (value !== undefined) yield `${`${title}:`.padEnd(14)}${value}`;
  }
}

function signatureFields(signatures: readonly PresentSignature[]): readonly Field[] {
  if (signatures.length === 0) return [['Signature', 'none']];
  return signatures.map(({ kind, key, timestamp }) => {
    const by = key === undefined ? '' : ` by key ${key}`;
    const at = timestamp === undefined ? '' : ` of ${timestampText(timestamp)}`;
    return ['Signature', `${kind}${by}${at}`];
  });
}

function verifiedFields({ signatures, verified }: ImageInfo, remote: string | undefined): readonly Field[] {
  if (verified === undefined)
    return signatures.length === 0 ? [] : [['Verified', 'no: --repo and --remote say by what']];
  return verified.map(({ kind, key, signer }) => {
    const by = signer === undefined ? '' : ` of ${signer}`;
    return ['Verified', `by remote ${remote}: ${kind} key ${key}${by}`];
  });
}

function* layerLines(layers: readonly LayerInfo[]): Generator<string> {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  yield `Layers: ${layers.length}, ${formatByteSize(size)}`;
  for (const { kind, digest, size: bytes, components, createdBy } of layers) {
    const text = components.length > 0 ? namesText(components) : (createdBy ?? '');
    yield `    ${kind.padEnd(9)}  ${digest.slice(0, 19)}  ${formatByteSize(bytes).padStart(9)}  ${text}`.trimEnd();
  }
}
