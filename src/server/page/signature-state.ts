/**
 * What of a repository is signed, and by which keys, for the landing page. Nothing is verified: the server
 * has no keys to trust. GPG signatures name their key; signatures of ed25519 and spki do not.
 */
import type { Checksum } from '../../ostree/checksum.ts';
import { type MetadataDict, parseDict } from '../../ostree/metadata-dict.ts';
import type { ObjectSource } from '../../ostree/object-source.ts';
import { listSignatures } from '../../ostree/sign/choose-signatures.ts';
import type { SignatureKind } from '../../ostree/sign/signer.ts';

export type Signatures = {
  readonly kinds: readonly SignatureKind[];
  /** Fingerprints or ids of GPG keys, as the signatures claim. */
  readonly keys: readonly string[];
};

export type CommitSignatures = Signatures & {
  /** How many commits were looked at, and how many of them have a signature. */
  readonly commits: number;
  readonly signed: number;
};

/** Bounds the time that a page takes. */
const MAX_COMMITS = 100;
/** A bound: users who can write to the repository can add signatures of any key. */
const MAX_KEYS = 5;

export const UNSIGNED: Signatures = { kinds: [], keys: [] };

export function signaturesIn(metadata: MetadataDict): Signatures {
  return merged([metadata]);
}

/** The signatures of the first commits; one whose detached metadata cannot be read counts as unsigned. */
export async function commitSignatures(
  objects: ObjectSource,
  commits: readonly Checksum[],
): Promise<CommitSignatures> {
  const first = [...new Set(commits)].slice(0, MAX_COMMITS);
  const found = await Promise.all(first.map((commit) => detachedMetadata(objects, commit)));
  const signed = found.filter((metadata) => listSignatures(metadata).length > 0);
  return { ...merged(signed), commits: first.length, signed: signed.length };
}

function merged(dicts: readonly MetadataDict[]): Signatures {
  const all = dicts.flatMap(listSignatures);
  const keys = new Set(all.flatMap(({ key }) => key ?? []));
  return { kinds: [...new Set(all.map(({ kind }) => kind))], keys: [...keys].slice(0, MAX_KEYS) };
}

async function detachedMetadata(objects: ObjectSource, commit: Checksum): Promise<MetadataDict> {
  try {
    return parseDict(await objects.metadata('commitmeta', commit));
  } catch {
    return new Map();
  }
}
