/**
 * SHA-256 on libuv's pool, by the OpenSSL of the running Node: node:crypto hashes a stream on the calling
 * thread only. Functions: evp.h of 1.1 and 3.
 */
import { TreeportError } from '../../base/errors.ts';
import { type ForeignFunction, onPool } from '../deflate/steps.ts';
import { nodeExports } from '../node-exports.ts';

const DIGEST_BYTES = 32;

type OpenSsl = {
  readonly newContext: () => bigint | null;
  readonly sha256: () => bigint;
  readonly init: (context: bigint, algorithm: bigint, engine: null) => number;
  /** Takes context, bytes and their number; returns 1. */
  readonly update: ForeignFunction;
  readonly final: (context: bigint, digest: Uint8Array, size: null) => number;
  readonly free: (context: bigint) => void;
};

/** Undefined if this Node exports none. */
const nodeOpenSsl = nodeExports(
  (program): OpenSsl => ({
    newContext: program.func('void *EVP_MD_CTX_new()'),
    sha256: program.func('void *EVP_sha256()'),
    init: program.func('int EVP_DigestInit_ex(void *context, void *algorithm, void *engine)'),
    update: program.func('int EVP_DigestUpdate(void *context, const uint8_t *bytes, size_t size)'),
    final: program.func('int EVP_DigestFinal_ex(void *context, _Out_ uint8_t *digest, void *size)'),
    free: program.func('void EVP_MD_CTX_free(void *context)'),
  }),
);

/** False if this Node exports no OpenSSL. */
export function hasPoolSha256(): boolean {
  return nodeOpenSsl() !== undefined;
}

/** A stream that is hashed. The caller must call {@link PoolSha256.end}. */
export class PoolSha256 {
  readonly #openSsl: OpenSsl;
  readonly #context: bigint;
  #last: Promise<void> = Promise.resolve();

  constructor() {
    const openSsl = nodeOpenSsl();
    const context = openSsl?.newContext() ?? null;
    if (openSsl === undefined || context === null) throw fault('EVP_MD_CTX_new');
    this.#openSsl = openSsl;
    this.#context = context;
    check(openSsl.init(context, openSsl.sha256(), null), 'EVP_DigestInit_ex');
  }

  /** Resolves when the bytes, and those of all calls before, are hashed. */
  update(bytes: Uint8Array): Promise<void> {
    this.#last = this.#last.then(() => this.#update(bytes));
    return this.#last;
  }

  /** The digest, hexadecimal. Frees the memory, also if a call has failed. */
  async end(): Promise<string> {
    try {
      await this.#last;
      const digest = Buffer.alloc(DIGEST_BYTES);
      check(this.#openSsl.final(this.#context, digest, null), 'EVP_DigestFinal_ex');
      return digest.toString('hex');
    } finally {
      this.#openSsl.free(this.#context);
    }
  }

  async #update(bytes: Uint8Array): Promise<void> {
    const values = [this.#context, bytes, bytes.length];
    check(await onPool({ call: this.#openSsl.update, values }), 'EVP_DigestUpdate');
  }
}

function check(status: number, what: string): void {
  if (status !== 1) throw fault(what);
}

function fault(what: string): TreeportError {
  return new TreeportError('ERR_INTERNAL', `OpenSSL cannot hash: ${what} failed`);
}
