/**
 * A content object that does not fit a block of memory: collected and hashed in a file, which becomes the
 * object once its bytes gave the id. It is the staged file itself (stage-content.ts), or else an unnamed file
 * in the repository's tmp/, which libostree copies: it reads a stream in one call, which must not wait for
 * the network, and its own writer for pieces does not support archive repositories.
 *
 * Sticky error: after the first failure every call throws it, because the hash is that of the bytes as given
 * and says nothing about a file in which a write failed.
 */
import { createHash, type Hash } from 'node:crypto';
import { writeError } from '../../base/atomic-file.ts';
import { asBuffer } from '../../base/bytes.ts';
import { type Checksum, finishChecksum } from '../../ostree/checksum.ts';
import { wrongChecksum } from '../../ostree/object-fault.ts';
import { largeStagedFile } from './large-staged-file.ts';
import type { LargeStore } from './large-store.ts';
import type { StagedRepo } from './staging.ts';
import { UnnamedFile } from './unnamed-file.ts';

export class LargeFile {
  readonly #repo: StagedRepo;
  readonly #directory: string;
  readonly #hash: Hash = createHash('sha256');
  #store: LargeStore | undefined;
  #length = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `directory` is the repository's tmp/, which is on its file system and is swept by libostree. */
  constructor(repo: StagedRepo, directory: string) {
    this.#repo = repo;
    this.#directory = directory;
  }

  /** The next bytes of the hashed stream. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#guarded(async () => {
      this.#store ??= this.#storeFor(bytes);
      this.#hash.update(bytes);
      await this.#store.write(bytes, this.#length);
      this.#length += bytes.length;
    });
  }

  /**
   * Writes the object, verified if the checksum is given, and returns its checksum. `close` must follow in
   * any case.
   */
  async finish(checksum: Checksum | undefined): Promise<Checksum> {
    return this.#guarded(async () => {
      const actual = finishChecksum(this.#hash);
      if (checksum !== undefined && actual !== checksum) throw wrongChecksum(`${checksum}.file`, actual);
      this.#store?.finish(actual, this.#length);
      return actual;
    });
  }

  close(): void {
    this.#store?.close();
  }

  #storeFor(start: Uint8Array): LargeStore {
    return (
      largeStagedFile(this.#repo.staging, asBuffer(start)) ?? new UnnamedFile(this.#repo, this.#directory)
    );
  }

  async #guarded<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      return await work();
    } catch (error) {
      this.#failure = { error: writeError(error, this.#store?.path ?? this.#directory) };
      throw this.#failure.error;
    }
  }
}
