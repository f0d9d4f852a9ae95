/** Limits of files and objects that are read whole. */

/**
 * Of metadata objects, summaries, refs and superblocks: what ostree clients take since 2023.4. Older ones take
 * 10 MiB, and none knows a limit for content.
 */
export const MAX_METADATA_BYTES: number = 128 * 1024 * 1024;

/** Of key files such as `config`: far more than any has, because the parsed text takes many times its size. */
export const MAX_KEYFILE_BYTES: number = 8 * 1024 * 1024;

/** Of a file that names a commit: a checksum and white space. */
export const MAX_REF_BYTES = 4096;

/** The same in tar streams and images, of which several copies are held (docs/decisions/0066-bounded-variants.md). */
export const MAX_STREAM_METADATA_BYTES: number = 16 * 1024 * 1024;
