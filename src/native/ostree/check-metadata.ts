/** What is checked of metadata before libostree sees it: size, normal form, and what our own reader checks besides. */
import { isTreeportError, TreeportError } from '../../base/errors.ts';
import type { Checksum } from '../../ostree/checksum.ts';
import { COMMIT_TYPE, parseCommit } from '../../ostree/commit.ts';
import { DIRMETA_TYPE, parseDirmeta } from '../../ostree/dirmeta.ts';
import { DIRTREE_TYPE, parseDirtree } from '../../ostree/dirtree.ts';
import { parseDict } from '../../ostree/metadata-dict.ts';
import { formatObjectName, type ObjectName } from '../../ostree/object-name.ts';
import type { SinkMetadataType } from '../../ostree/object-sink.ts';
import { MAX_METADATA_BYTES } from '../../ostree/size-limits.ts';

export const METADATA_VARIANT: Readonly<Record<SinkMetadataType, string>> = {
  commit: COMMIT_TYPE,
  dirtree: DIRTREE_TYPE,
  dirmeta: DIRMETA_TYPE,
};
export const DETACHED_VARIANT = 'a{sv}';

/** Throws ERR_OBJECT_TOO_LARGE or ERR_OBJECT_CORRUPT. */
export function checkMetadata(type: SinkMetadataType, checksum: Checksum, bytes: Uint8Array): void {
  const parse = { commit: parseCommit, dirtree: parseDirtree, dirmeta: parseDirmeta }[type];
  checkObject({ type, checksum }, bytes, parse);
}

export function checkDetachedMetadata(commit: Checksum, bytes: Uint8Array): void {
  checkObject({ type: 'commitmeta', checksum: commit }, bytes, () => parseDict(bytes));
}

function checkObject(name: ObjectName, bytes: Uint8Array, parse: (bytes: Uint8Array) => unknown): void {
  const where = `object ${formatObjectName(name)}`;
  if (bytes.length > MAX_METADATA_BYTES)
    throw new TreeportError(
      'ERR_OBJECT_TOO_LARGE',
      `${where} has ${bytes.length} bytes, more than the ${MAX_METADATA_BYTES} that ostree clients take`,
    );
  try {
    parse(bytes);
  } catch (error) {
    if (!isTreeportError(error)) throw error;
    throw new TreeportError('ERR_OBJECT_CORRUPT', `${where} is corrupt: ${error.message}`, { cause: error });
  }
}
