/** Reads objects whole and verifies them, because a repository may change while a delta of it is made. */
import { collectSized } from '../../../base/bytes.ts';
import type { Checksum } from '../../../ostree/checksum.ts';
import type { FileHeader } from '../../../ostree/file-header.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';
import { fileDigest, requireFileDigest } from '../../../ostree/verify.ts';

export type WholeFile = {
  readonly header: FileHeader;
  /** Empty for a symlink. */
  readonly bytes: Buffer;
};

/** ERR_OBJECT_MISSING, ERR_OBJECT_UNREADABLE, ERR_OBJECT_CORRUPT. */
export async function readWholeFile(
  source: Pick<ObjectSource, 'content'>,
  checksum: Checksum,
): Promise<WholeFile> {
  const { header, size, stream } = await source.content(checksum);
  const bytes = await collectSized(stream(), size);
  requireFileDigest(fileDigest(header).update(bytes), checksum);
  return { header, bytes };
}
