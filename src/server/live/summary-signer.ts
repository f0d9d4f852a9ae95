/**
 * Signs the summary that is served with the server's own keys, anew when it changes. The publisher's
 * signatures of the same bytes are kept beside them. Requests that arrive together share one signing; after a
 * failure the next request tries again, and clients get an error instead of an unsigned summary.
 */
import { isTreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { type MetadataDict, parseDict, serializeDict } from '../../ostree/metadata-dict.ts';
import { addSignatures, type Signer } from '../../ostree/sign/signer.ts';

export type SummaryToSign = {
  readonly bytes: Buffer;
  readonly checksum: Checksum;
  /** Whether the repository has signatures of these bytes. */
  readonly isSigned: boolean;
};

export class SummarySigner {
  readonly #repoPath: string;
  readonly #signers: readonly Signer[];
  #latest: { readonly checksum: Checksum; readonly signatures: Promise<Buffer> } | undefined;

  constructor(repoPath: string, signers: readonly Signer[]) {
    this.#repoPath = repoPath;
    this.#signers = signers;
  }

  /** A serialized `a{sv}`, the body of `summary.sig`. Rejects with the errors of the signers. */
  signaturesOf(summary: SummaryToSign): Promise<Buffer> {
    if (this.#latest?.checksum === summary.checksum) return this.#latest.signatures;
    const signatures = this.#sign(summary);
    const latest = { checksum: summary.checksum, signatures };
    this.#latest = latest;
    signatures.catch(() => {
      if (this.#latest === latest) this.#latest = undefined;
    });
    return signatures;
  }

  async #sign({ bytes, isSigned }: SummaryToSign): Promise<Buffer> {
    const published = isSigned ? publishedSignatures(this.#repoPath) : new Map();
    return serializeDict(await addSignatures(published, bytes, { signers: this.#signers, what: 'summary' }));
  }
}

/** The publisher's signatures; a damaged file counts as none. */
export function publishedSignatures(repoPath: string): MetadataDict {
  try {
    const options = { links: 'inside', maxBytes: MAX_METADATA_BYTES } as const;
    const found = readBeneath(repoPath, 'summary.sig', options);
    return found === undefined ? new Map() : parseDict(found);
  } catch (error) {
    if (isTreeportError(error)) return new Map();
    throw error;
  }
}
