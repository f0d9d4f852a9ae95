/**
 * The wrapper of signed superblocks, for offline use and flatpak bundles: `(t ay a{sv})`, whose first bytes
 * are "OSTSGNDT", then the superblock, then under a key of each engine the signatures over the superblock's
 * bytes. Clients cannot parse it over HTTP. Source: libostree's ostree-repo-static-delta-private.h.
 */
import { TreeportError } from '../../base/errors.ts';
import { view, write } from '../../gvariant/index.ts';
import { isSignedSuperblock, SIGNED_MAGIC } from '../../ostree/delta-list.ts';
import { dictFromView, dictToValue, type MetadataDict } from '../../ostree/metadata-dict.ts';
import type { PublicKey, SignEngine } from '../../ostree/sign/engine.ts';
import { signaturesUnder } from '../../ostree/sign/signatures.ts';

const SIGNED_TYPE = '(taya{sv})';

export type SignedSuperblock = {
  /** The bytes that the signatures are over. */
  readonly superblock: Buffer;
  /** As in detached metadata of commits; undefined if the superblock is not wrapped. */
  readonly signatures: MetadataDict | undefined;
};

/** Unwraps a superblock if it is wrapped; ERR_VARIANT. */
export function unwrapSuperblock(bytes: Buffer): SignedSuperblock {
  if (!isSignedSuperblock(bytes)) return { superblock: bytes, signatures: undefined };
  const root = view(SIGNED_TYPE, bytes).check();
  return { superblock: root.child(1).bytes, signatures: dictFromView(root.child(2)) };
}

/** `signatures` as `signCommit` makes them, over the bytes of the superblock. */
export function writeSignedSuperblock(superblock: Uint8Array, signatures: MetadataDict): Buffer {
  return write(SIGNED_TYPE, [SIGNED_MAGIC.readBigUInt64LE(), superblock, dictToValue(signatures)]);
}

/**
 * The keys of valid signatures, one or more. ERR_SIGNATURE_MISSING, ERR_SIGNATURE_BAD; `what` names the
 * delta.
 */
export function verifySuperblock(
  { superblock, signatures }: SignedSuperblock,
  engine: SignEngine,
  keys: readonly PublicKey[],
  what: string,
): readonly PublicKey[] {
  const given = signatures === undefined ? [] : signaturesUnder(signatures, engine.metadataKey);
  if (given.length === 0)
    throw new TreeportError('ERR_SIGNATURE_MISSING', `${what} has no ${engine.name} signature`);
  const valid = keys.filter(({ key }) =>
    given.some((signature) => engine.verify(superblock, signature, key)),
  );
  if (valid.length > 0) return valid;
  const count = keys.length === 1 ? 'the key' : `any of ${keys.length} keys`;
  throw new TreeportError(
    'ERR_SIGNATURE_BAD',
    `no ${engine.name} signature of ${what} is valid for ${count}: it was changed, or signed with another key`,
  );
}
