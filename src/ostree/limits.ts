/** Size limits of files and objects that are read into memory whole. */

/**
 * Metadata objects, summaries and superblocks: the limit of ostree clients since 2023.4. Older clients accept
 * 10 MiB. No client limits content.
 */
export const MAX_METADATA_BYTES: number = 128 * 1024 * 1024;

/**
 * Metadata objects in tar streams and images. Lower, because an import holds several copies
 * (docs/decisions/0066-bounded-variants.md).
 */
export const MAX_STREAM_METADATA_BYTES: number = 16 * 1024 * 1024;

/** Extended attributes of one object in a tar stream. */
export const MAX_XATTRS_BYTES: number = 1024 * 1024;

/**
 * All extended attributes of a tar stream that later links may refer to: they stay in memory until it ends.
 */
export const MAX_KEPT_XATTRS_BYTES: number = 64 * 1024 * 1024;

/** Key files such as `config`. Real ones are far smaller; the parsed text takes many times its size. */
export const MAX_KEYFILE_BYTES: number = 8 * 1024 * 1024;

/** A ref file: a checksum and white space. */
export const MAX_REF_BYTES = 4096;
