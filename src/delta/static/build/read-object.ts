/** Reads objects whole and verifies them, because a repository may change while a delta of it is made. */
import { createHash } from 'node:crypto';
import { collectSized } from '../../../base/bytes.ts';
import { type Checksum, finishChecksum } from '../../../ostree/checksum.ts';
import { type FileHeader, hashedHeader } from '../../../ostree/file-header.ts';
import { wrongChecksum } from '../../../ostree/object-fault.ts';
import type { ObjectSource } from '../../../ostree/object-source.ts';

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
  const digest = createHash('sha256').update(hashedHeader(header)).update(bytes);
  const actual = finishChecksum(digest);
  if (actual !== checksum) throw wrongChecksum(`${checksum}.file`, actual);
  return { header, bytes };
}
