/**
 * Signs flatpak's index of summaries with the server's own keys. Clients ask for the signatures in one of two
 * places, depending on their age; one of them names the index by its checksum.
 */
import { readBeneath } from '../../base/open-beneath.ts';
import { checksumOf } from '../../ostree/checksum.ts';
import { FLATPAK_INDEX, indexSignaturePlaces } from '../../ostree/flatpak/index-file.ts';
import { MAX_METADATA_BYTES } from '../../ostree/limits.ts';
import type { Signer } from '../../ostree/sign/signer.ts';
import { publishedSignatures, SummarySigner } from './summary-signer.ts';

const LIMITED = { links: 'inside', maxBytes: MAX_METADATA_BYTES } as const;

export class IndexSigner {
  readonly #repoPath: string;
  readonly #signer: SummarySigner;

  constructor(repoPath: string, signers: readonly Signer[]) {
    this.#repoPath = repoPath;
    this.#signer = new SummarySigner(FLATPAK_INDEX, signers);
  }

  /**
   * The signatures at a path of the repository; undefined if it is not that of the signatures of the present
   * index. Rejects with the errors of the signers.
   */
  async signaturesAt(path: string): Promise<Buffer | undefined> {
    if (!path.endsWith('.idx.sig')) return undefined;
    const bytes = readBeneath(this.#repoPath, FLATPAK_INDEX, LIMITED);
    if (bytes === undefined) return undefined;
    const checksum = checksumOf(bytes);
    const places = indexSignaturePlaces(checksum);
    if (!places.includes(path)) return undefined;
    const published = () =>
      places.map((place) => publishedSignatures(this.#repoPath, place)).find(({ size }) => size > 0) ??
      new Map();
    return this.#signer.signaturesOf({ bytes, checksum, published });
  }
}
