/**
 * The wrapper of signed superblocks, for offline use and flatpak bundles: `(t ay a{sv})`, whose first bytes
 * are "OSTSGNDT", then the superblock, then under a key of each engine the signatures over the superblock's
 * bytes. Clients cannot parse it over HTTP. Source: libostree's ostree-repo-static-delta-private.h.
 */
import { view, write } from '../../gvariant/index.ts';
import { isSignedSuperblock, SIGNED_MAGIC } from '../../ostree/delta-list.ts';
import { dictFromView, dictToValue, type MetadataDict } from '../../ostree/metadata-dict.ts';
import type { KeySignedData } from '../../ostree/sign/verify-with-keys.ts';

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

/** The superblock and its signatures, none if it is not wrapped, as verifiers take them. */
export function signedDelta({ superblock, signatures }: SignedSuperblock, name: string): KeySignedData {
  return { name, thing: 'delta', bytes: superblock, metadata: signatures ?? new Map() };
}
