/**
 * Signs what is served, the summary or flatpak's index, with the server's own keys, anew when it changes. The
 * publisher's signatures of the same bytes are kept beside them. Requests that arrive together share one
 * signing; after a failure the next request tries again, and clients get an error instead of an unsigned
 * summary.
 */
import { isTreeportError } from '../../base/errors.ts';
import { readBeneath } from '../../base/open-beneath.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import type { FLATPAK_INDEX } from '../../ostree/flatpak/index-file.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import { type MetadataDict, parseDict, serializeDict } from '../../ostree/metadata-dict.ts';
import { addSignatures, type Signer } from '../../ostree/sign/signer.ts';

export type SummaryToSign = {
  readonly bytes: Buffer;
  readonly checksum: Checksum;
  /** The publisher's signatures. */
  readonly published: () => MetadataDict;
};

export class SummarySigner {
  readonly #what: string;
  readonly #signers: readonly Signer[];
  #latest: { readonly checksum: Checksum; readonly signatures: Promise<Buffer> } | undefined;

  /** `what` names the file to commands that sign. */
  constructor(what: 'summary' | typeof FLATPAK_INDEX, signers: readonly Signer[]) {
    this.#what = what;
    this.#signers = signers;
  }

  /** A serialized `a{sv}`, the body of the file of signatures. Rejects with the errors of the signers. */
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

  async #sign({ bytes, published }: SummaryToSign): Promise<Buffer> {
    const options = { signers: this.#signers, what: this.#what };
    return serializeDict(await addSignatures(published(), bytes, options));
  }
}

/** The publisher's signatures in a file of the repository; a damaged file counts as none. */
export function publishedSignatures(repoPath: string, file: string): MetadataDict {
  try {
    const options = { links: 'inside', maxBytes: MAX_METADATA_BYTES } as const;
    const found = readBeneath(repoPath, file, options);
    return found === undefined ? new Map() : parseDict(found);
  } catch (error) {
    if (isTreeportError(error)) return new Map();
    throw error;
  }
}
