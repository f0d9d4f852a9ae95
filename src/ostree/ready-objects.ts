/** Archive files of content objects (`.filez`) that are ready to be sent but are no files of their own. */
import type { Checksum } from './checksum.ts';
import type { ContentObject } from './object-source.ts';

/** An archive file inside another file, which stays open. */
export type FileRange = {
  readonly fd: number;
  readonly from: number;
  readonly length: number;
};

export type ReadyObjects = {
  /** Id of the encoder that made them all (verified-filez.ts). */
  readonly encoder: string;
  /** The archive file of an object; undefined if it is not ready. Not verified. */
  find(checksum: Checksum): FileRange | undefined;
  /** Decodes the archive file, for verification; ERR_OBJECT_MISSING, ERR_OBJECT_CORRUPT. */
  content(checksum: Checksum): Promise<ContentObject>;
};
